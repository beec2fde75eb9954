//! Free text as features: TF-IDF of its most telling tokens, and the number of its words.
//!
//! A token's weight is its occurrences times `ln((1 + n) / (1 + df)) + 1`, with n texts of which df have it: the smooth inverse document
//! frequency of scikit-learn's TfidfVectorizer. Weights are not divided by the length of a row's vector: a tree asks of one token at a time,
//! so a weight that hangs on the other tokens is noise to it (it made ten of ten tasks on real texts worse, by 0.2 to 11 % of the loss).
//!
//! Half of the vocabulary are the tokens that say most of the target, half the most frequent ones. On the same tasks, 100 tokens each, the
//! loss against no tokens was 0.903 by halves, 0.905 by frequency alone and 0.911 by association alone, which is drawn to luck where a
//! text says little. Where folds of all training rows find the number of iterations ([`super::enough`]), frequency alone decides: each fold
//! would be judged by words that were chosen by its own rows, and on 5,000 rows of words that mean nothing it asked for all 400 iterations.

use std::cmp::Reverse;

use super::bin::{self, BinParams, Binned};
use super::train::RowsOf;
use super::{few, Target};
use crate::control::Control;
use crate::data::{tokens, Chunked, Column, ColumnData, Dictionary, MISSING};
use crate::error::{Error, Result};
use crate::model::Encoding;

/// A token in fewer training rows is not chosen, nor one that fewer rows lack.
const FEWEST_ROWS: u64 = 10;

/// The most frequent tokens, among which those that say something of the target are looked for.
const MOST_CANDIDATES: usize = 20_000;

/// Tokens between two looks at whether the run is cancelled.
const BREATH: usize = 1 << 16;

/// Bin the number of words, and the weight of each of at most `most` tokens, in the C order of the tokens: half of them by what they
/// say of the target if they are to be `telling`, the others by frequency. The column gives its memory back unless it is to be `kept`.
pub fn bin(
    column: &mut Column,
    kept: bool,
    rows: &RowsOf<'_>,
    telling: bool,
    most: usize,
    params: &BinParams,
    control: &Control,
) -> Result<(Binned, Vec<(String, Binned)>)> {
    let mut texts = Texts::new(column, rows, control)?;
    let least = FEWEST_ROWS.max(params.min_group);
    let (chosen, fit_texts) = texts.choose(column, rows, (telling, most, least), control)?;
    let postings = texts.postings(&chosen, control)?;
    if !kept {
        column.release(control);
    }
    let number = |text: u32| texts.words.get(text as usize).map_or(f64::NAN, |&n| f64::from(n));
    let mut words = bin::bin_numbers(&number, &texts.train, &texts.held, params, control)?;
    words.encoding = Encoding::Words;
    let mut features = Vec::new();
    // By text, the place of the token's occurrences among their different numbers.
    let mut place_of: Vec<u32> = control.vec(texts.words.len())?;
    place_of.resize(texts.words.len(), 0);
    let place = |place_of: &[u32], text: u32| place_of.get(text as usize).copied().unwrap_or(MISSING);
    for (i, token) in chosen.iter().enumerate() {
        let own = &postings.entries[postings.starts[i]..postings.starts[i + 1]];
        let mut counts: Vec<u32> = std::iter::once(0).chain(own.iter().map(|&e| count(e))).collect();
        counts.sort_unstable();
        counts.dedup();
        for &e in own {
            place_of[which(e) as usize] = counts.partition_point(|&c| c < count(e)) as u32;
        }
        let idf = libm::log((1.0 + fit_texts as f64) / (1.0 + token.rows as f64)) + 1.0;
        let values: Vec<f64> = counts.iter().map(|&c| f64::from(c) * idf).collect();
        let binned = few::bin(&values, &|t: u32| place(&place_of, t), &texts.train, &texts.held, params, control)?;
        own.iter().for_each(|&e| place_of[which(e) as usize] = 0);
        if let Some(mut binned) = binned {
            binned.encoding = Encoding::Token { token: token.text.clone(), idf };
            features.push((token.text.clone(), binned));
        }
    }
    for v in [place_of, texts.words, texts.train, texts.held] {
        control.release_vec(v);
    }
    control.release_vec(postings.entries);
    Ok((words, features))
}

/// A token of the vocabulary.
struct Chosen {
    text: String,
    /// Its code in the dictionary of tokens.
    code: u32,
    /// Rows that have it.
    rows: u64,
}

/// For each chosen token, where its entries start, and the entries: a text and how often it has the token.
struct Postings {
    starts: Vec<usize>,
    entries: Vec<u64>,
}

/// What an entry is of, and how often it occurs: one number of 64 bits.
fn entry(which: u32, count: u32) -> u64 {
    u64::from(which) << 32 | u64::from(count)
}

fn which(entry: u64) -> u32 {
    (entry >> 32) as u32
}

fn count(entry: u64) -> u32 {
    entry as u32
}

/// The distinct texts of a column, taken apart. They are numbered as they come in canonical order, so that whatever is summed over them
/// does not depend on the order in which rows arrived.
struct Texts {
    /// The text of each row, or [`MISSING`].
    train: Vec<u32>,
    held: Vec<u32>,
    /// By text, its code in the column.
    codes: Vec<u32>,
    /// The texts before this occur in rows that say something of the vocabulary.
    fit: usize,
    /// By text, the number of its words.
    words: Vec<u32>,
    dictionary: Dictionary,
    /// By text, where its entries end.
    ends: Vec<usize>,
    /// Tokens of the texts, in the order of the texts.
    entries: Chunked<u64>,
}

impl Texts {
    /// Number the texts, and take those apart that say something of the vocabulary.
    fn new(column: &Column, rows: &RowsOf<'_>, control: &Control) -> Result<Texts> {
        let (codes, dictionary) = category(column)?;
        let mut number: Vec<u32> = control.vec(dictionary.len())?;
        number.resize(dictionary.len(), MISSING);
        let mut known: Vec<u32> = control.vec(dictionary.len())?;
        let mut of = |rows: &[u32], out: &mut Vec<u32>| {
            for part in rows.chunks(BREATH) {
                control.check()?;
                out.extend(part.iter().map(|&r| match codes.get(r as usize) {
                    MISSING => MISSING,
                    code => {
                        let number = &mut number[code as usize];
                        if *number == MISSING {
                            *number = known.len() as u32;
                            known.push(code);
                        }
                        *number
                    }
                }));
            }
            Ok::<usize, Error>(known.len())
        };
        let (fit_rows, watched_rows) = rows.train.split_at(rows.train.len() - rows.watched);
        let (mut train, mut held) = (control.vec(rows.train.len())?, control.vec(rows.held.len())?);
        let fit = of(fit_rows, &mut train)?;
        of(watched_rows, &mut train)?;
        let count = of(rows.held, &mut held)?;
        control.release_vec(number);
        let mut texts = Texts {
            train,
            held,
            codes: known,
            fit,
            words: control.vec(count)?,
            dictionary: Dictionary::default(),
            ends: control.vec(count)?,
            entries: Chunked::default(),
        };
        let mut found = Vec::new();
        for text in 0..fit {
            texts.take_apart(dictionary.text(texts.codes[text]), true, &mut found, control)?;
        }
        Ok(texts)
    }

    /// Add the tokens of the next text: all, or those that are known.
    fn take_apart(&mut self, text: &[u8], all: bool, found: &mut Vec<u32>, control: &Control) -> Result<()> {
        control.check()?;
        let mut failed = None;
        found.clear();
        let words = tokens::tokens(text, |token| {
            if !all {
                found.extend(self.dictionary.find(token));
            } else if failed.is_none() {
                match self.dictionary.code(token, control) {
                    Ok(code) => found.push(code),
                    Err(error) => failed = Some(error),
                }
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        found.sort_unstable();
        for run in found.chunk_by(|a, b| a == b) {
            self.entries.push(entry(run[0], run.len() as u32), control)?;
        }
        self.words.push(words);
        self.ends.push(self.entries.len());
        Ok(())
    }

    /// The entries of a text that was taken apart.
    fn entries(&self, text: usize) -> impl Iterator<Item = u64> + '_ {
        let start = if text == 0 { 0 } else { self.ends[text - 1] };
        (start..self.ends[text]).map(|at| self.entries.get(at))
    }

    /// The vocabulary, in the C order of its tokens, and the number of rows that have a text.
    fn choose(
        &mut self,
        column: &Column,
        rows: &RowsOf<'_>,
        (telling, most, least): (bool, usize, u64),
        control: &Control,
    ) -> Result<(Vec<Chosen>, u64)> {
        let fit_rows = rows.train.len() - rows.watched;
        let mut text_rows: Vec<u64> = control.vec(self.fit)?;
        text_rows.resize(self.fit, 0);
        self.train[..fit_rows].iter().filter(|&&t| t != MISSING).for_each(|&t| text_rows[t as usize] += 1);
        let mut token_rows: Vec<u64> = control.vec(self.dictionary.len())?;
        token_rows.resize(self.dictionary.len(), 0);
        for (text, n) in text_rows.iter().enumerate() {
            self.entries(text).for_each(|e| token_rows[which(e) as usize] += n);
        }
        let fit_texts: u64 = text_rows.iter().sum();
        control.release_vec(text_rows);
        control.check()?;
        let codes = 0..self.dictionary.len() as u32;
        let divides = |n: u64| n >= least && n + least <= fit_texts;
        let mut frequent: Vec<u32> = codes.filter(|&t| divides(token_rows[t as usize])).collect();
        frequent.sort_unstable_by_key(|&t| (Reverse(token_rows[t as usize]), self.dictionary.text(t)));
        frequent.truncate(MOST_CANDIDATES.max(most));
        let mut first: Vec<usize> = Vec::new();
        if telling {
            let scores = self.association(&frequent, rows, control)?;
            first.extend(0..frequent.len());
            first.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            first.truncate(most.div_ceil(2));
        }
        let mut is_chosen = vec![false; frequent.len()];
        first.iter().for_each(|&t| is_chosen[t] = true);
        let rest = (0..frequent.len()).filter(|&t| !is_chosen[t]).take(most - first.len());
        let mut chosen: Vec<Chosen> = rest
            .chain(first.iter().copied())
            .map(|at| {
                let code = frequent[at];
                let text = String::from_utf8_lossy(self.dictionary.text(code)).into_owned();
                Chosen { text, code, rows: token_rows[code as usize] }
            })
            .collect();
        chosen.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        control.release_vec(token_rows);
        // The other texts are read with the vocabulary that is there.
        let (_, dictionary) = category(column)?;
        let mut found = Vec::new();
        for text in self.fit..self.codes.len() {
            self.take_apart(dictionary.text(self.codes[text]), false, &mut found, control)?;
        }
        Ok((chosen, fit_texts))
    }

    /// What the rows with each of some tokens say of the target: of classes the G statistic (Dunning 1993), of a number the squares
    /// between the rows with the token and those without.
    fn association(&self, candidates: &[u32], rows: &RowsOf<'_>, control: &Control) -> Result<Vec<f64>> {
        let (target, weight) = rows.told();
        let width = match target {
            Target::Class { classes, .. } => *classes,
            Target::Number(_) => 2,
        };
        let mut place: Vec<u32> = control.vec(self.dictionary.len())?;
        place.resize(self.dictionary.len(), MISSING);
        candidates.iter().enumerate().for_each(|(i, &t)| place[t as usize] = i as u32);
        let mut stats: Vec<f64> = control.vec(candidates.len() * width)?;
        stats.resize(candidates.len() * width, 0.0);
        let mut total = vec![0.0; width];
        let add = |stat: &mut [f64], row: usize| {
            let weight = weight.map_or(1.0, |w| w[row]);
            match target {
                Target::Class { codes, .. } => stat[codes[row] as usize] += weight,
                Target::Number(values) => {
                    stat[0] += weight;
                    stat[1] += weight * values[row];
                }
            }
        };
        let mut work = 0;
        for row in 0..rows.train.len() - rows.watched {
            let text = self.train[row];
            if text == MISSING {
                continue;
            }
            add(&mut total, row);
            for e in self.entries(text as usize) {
                let at = place[which(e) as usize] as usize * width;
                if let Some(stat) = stats.get_mut(at..at + width) {
                    add(stat, row);
                }
                work += 1;
            }
            if work >= BREATH {
                control.check()?;
                work = 0;
            }
        }
        let score = |stat: &[f64]| match target {
            Target::Class { .. } => information(stat, &total),
            Target::Number(_) => squares(stat, &total),
        };
        // Sums of huge targets can be anything; then frequency decides.
        let scores = stats.chunks_exact(width).map(|stat| Some(score(stat)).filter(|s| s.is_finite()).unwrap_or(0.0));
        let scores = scores.collect();
        control.release_vec(place);
        control.release_vec(stats);
        Ok(scores)
    }

    /// The texts that have each chosen token. The tokens are not needed afterwards.
    fn postings(&mut self, chosen: &[Chosen], control: &Control) -> Result<Postings> {
        let mut place: Vec<u32> = control.vec(self.dictionary.len())?;
        place.resize(self.dictionary.len(), MISSING);
        chosen.iter().enumerate().for_each(|(i, c)| place[c.code as usize] = i as u32);
        let mut starts = vec![0usize; chosen.len() + 1];
        for e in self.entries.iter() {
            if let Some(n) = starts.get_mut((place[which(e) as usize] as usize).saturating_add(1)) {
                *n += 1;
            }
        }
        (1..starts.len()).for_each(|i| starts[i] += starts[i - 1]);
        let mut next = starts.clone();
        let mut entries: Vec<u64> = control.vec(starts[chosen.len()])?;
        entries.resize(starts[chosen.len()], 0);
        for text in 0..self.codes.len() {
            for e in self.entries(text) {
                let at = place[which(e) as usize] as usize;
                if at < chosen.len() {
                    entries[next[at]] = entry(text as u32, count(e));
                    next[at] += 1;
                }
            }
        }
        control.check()?;
        control.release_vec(place);
        self.entries.release(control);
        self.dictionary.release(control);
        control.release_vec(std::mem::take(&mut self.ends));
        control.release_vec(std::mem::take(&mut self.codes));
        Ok(Postings { starts, entries })
    }
}

fn category(column: &Column) -> Result<(&Chunked<u32>, &Dictionary)> {
    match &column.data {
        ColumnData::Category { codes, dictionary } => Ok((codes, dictionary)),
        ColumnData::Number(_) => Err(Error::data(
            format!("column \"{}\" of \"text_columns\" is not a text", column.name),
            "Name columns of text there.",
        )),
    }
}

/// How many times likelier the classes of rows with and without a token are by their own shares than by those of all: the logarithm.
fn information(inside: &[f64], total: &[f64]) -> f64 {
    let (all, own): (f64, f64) = (total.iter().sum(), inside.iter().sum());
    let part =
        |n: f64, size: f64, t: f64| if n > 0.0 && size > 0.0 { n * libm::log(n * all / (size * t)) } else { 0.0 };
    inside.iter().zip(total).map(|(&n, &t)| part(n, own, t) + part(t - n, all - own, t)).sum()
}

/// The sum of squares between the rows with a token and those without.
fn squares(inside: &[f64], total: &[f64]) -> f64 {
    let (own, others) = (inside[0], total[0] - inside[0]);
    if own <= 0.0 || others <= 0.0 {
        return 0.0;
    }
    let apart = inside[1] / own - (total[1] - inside[1]) / others;
    apart * apart * own * others / total[0]
}
