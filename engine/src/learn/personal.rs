//! Columns of personal data: found by what their texts look like, and left out, masked or refused unless they are asked for.

use crate::clean::profile::{Collector, Kind, Role, Sizes};
use crate::control::Control;
use crate::data::{ColumnData, Dictionary};
use crate::error::{Error, Result};
use crate::learn::options::{Clean, Options, PersonalData};
use crate::learn::train::{Request, SourceInput};
use crate::model::InputKind;

/// Different texts of a column that are looked at. Which ones their hashes say, so that it does not matter in which order rows come.
const SAMPLE: usize = 1_000;

/// What looking at a column may take.
const MEMORY: usize = 1 << 20;

/// A moment that nothing here depends on.
const NOW: f64 = 0.0;

/// Take columns of personal data out of a request, and give the names of those that are to be masked.
pub fn look(request: &mut Request, notices: &mut Vec<String>, control: &Control) -> Result<Vec<String>> {
    let rule = request.options.personal_data;
    if rule == PersonalData::Keep {
        return Ok(Vec::new());
    }
    let (mut gone, mut masked) = (Vec::new(), Vec::new());
    for input in &request.inputs {
        let name = &input.name;
        if rule == PersonalData::Mask && request.options.masked_columns.contains(name) {
            masked.push(name.clone());
            continue;
        }
        let cleaned = is_cleaned(&request.options, name);
        if cleaned || rule != PersonalData::Refuse && request.options.known_columns.contains(name) {
            continue;
        }
        let Some(role) = role(request, input, control)? else { continue };
        let what = format!("column \"{name}\" holds personal data ({})", role.name());
        match rule {
            PersonalData::Refuse => {
                return Err(Error::data(
                    what,
                    "Leave it out with \"exclude\", or learn from its hash with \"personal_data\": \"mask\".",
                ))
            }
            PersonalData::Mask => {
                notices.push(format!("{what} and is learned from as a keyed hash"));
                masked.push(name.clone());
            }
            _ if is_asked(&request.options, name) => notices.push(format!("{what} and is kept because it is named")),
            _ => {
                notices.push(format!(
                    "{what} and is left out; \"personal_data\": \"mask\" learns from a keyed hash of it, and naming it in \"features\" keeps it"
                ));
                gone.push(name.clone());
            }
        }
    }
    request.inputs.retain(|input| !gone.contains(&input.name));
    if request.inputs.is_empty() && !gone.is_empty() {
        return Err(Error::data(
            "the source has no column to learn from but personal data",
            "Name columns with the option \"features\", or give \"personal_data\": \"mask\".",
        ));
    }
    Ok(masked)
}

/// Whether a column was asked for by its name.
fn is_asked(options: &Options, name: &String) -> bool {
    options.features.iter().flatten().chain(&options.text_columns).any(|asked| asked == name)
}

/// Whether a cleaning step names a column, so that the user has seen to it.
fn is_cleaned(options: &Options, name: &String) -> bool {
    use crate::clean::step::Columns;
    let Some(Clean::Steps(steps)) = &options.clean else { return false };
    steps.iter().any(|step| matches!(&step.columns, Columns::Named(names) if names.contains(name)))
}

/// The kind of personal data that a column holds.
fn role(request: &Request, input: &SourceInput, control: &Control) -> Result<Option<Role>> {
    if input.count != 1 || input.fixed || !matches!(input.kind, InputKind::Category | InputKind::Text) {
        return Ok(None);
    }
    let ColumnData::Category { dictionary, .. } = &request.table.columns[input.first].data else { return Ok(None) };
    let sizes = Sizes::of(1, MEMORY);
    control.reserve(sizes.total())?;
    let mut collector = Collector::new(Kind::Text, &sizes);
    // With a missing value a column of one text is no constant, about which nothing else would be said.
    collector.null();
    let sample = sample(dictionary, control)?;
    for &(_, code) in &sample {
        collector.text(dictionary.text(code))?;
    }
    let rows = sample.len() as u64 + 1;
    control.release_vec(sample);
    let profile = collector.finish(&input.name, rows, NOW)?;
    control.release(sizes.total());
    Ok(Some(profile.role).filter(|role| role.is_personal()))
}

/// The texts with the smallest hashes.
fn sample(dictionary: &Dictionary, control: &Control) -> Result<Vec<(u64, u32)>> {
    let mut all: Vec<(u64, u32)> = control.vec(dictionary.len())?;
    all.extend((0..dictionary.len() as u32).map(|code| (dictionary.hash(code), code)));
    control.check()?;
    if all.len() > SAMPLE {
        all.select_nth_unstable(SAMPLE);
        all.truncate(SAMPLE);
    }
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| dictionary.text(a.1).cmp(dictionary.text(b.1))));
    Ok(all)
}
