//! The trees of a forest one after the other.

use super::grow::tree_bytes;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{CategorySet, Link, Trees, LEAF};

/// Put trees together, to be averaged. Gives the memory of each back.
pub(in crate::learn) fn join(grown: Vec<Trees>, outputs: usize, control: &Control) -> Result<Trees> {
    let mut all = Trees {
        outputs: outputs as u32,
        base: vec![0.0; outputs],
        link: Link::Identity,
        average: true,
        ..Trees::default()
    };
    let nodes: usize = grown.iter().map(Trees::nodes).sum();
    let values: usize = grown.iter().map(|t| t.values.len()).sum();
    let words: usize = grown.iter().map(|t| t.words.len()).sum();
    let sets: usize = grown.iter().map(|t| t.sets.len()).sum();
    if [nodes, values, words, sets].iter().any(|&n| n >= LEAF as usize) {
        return Err(Error::data(
            "the forest has more nodes than a model can hold",
            "Give fewer \"n_estimators\", a smaller \"max_depth\" or a larger \"min_samples_leaf\".",
        ));
    }
    all.feature = control.vec(nodes)?;
    all.threshold = control.vec(nodes)?;
    all.left = control.vec(nodes)?;
    all.right = control.vec(nodes)?;
    all.missing_left = control.vec(nodes)?;
    all.set = control.vec(nodes)?;
    all.cover = control.vec(nodes)?;
    all.rows = control.vec(nodes)?;
    all.gain = control.vec(nodes)?;
    all.values = control.vec(values)?;
    all.words = control.vec(words)?;
    all.sets = control.vec(sets)?;
    for tree in grown {
        control.check()?;
        let bytes = tree_bytes(&tree);
        let (first, first_value) = (all.nodes() as u32, all.values.len() as u32);
        let (first_set, first_word) = (all.sets.len() as u32, all.words.len() as u32);
        all.roots.push(first);
        for (node, &feature) in tree.feature.iter().enumerate() {
            let leaf = feature == LEAF;
            all.left.push(tree.left[node] + if leaf { first_value } else { first });
            all.right.push(if leaf { 0 } else { tree.right[node] + first });
            all.set.push(if tree.set[node] > 0 { tree.set[node] + first_set } else { 0 });
        }
        all.feature.extend_from_slice(&tree.feature);
        all.threshold.extend_from_slice(&tree.threshold);
        all.missing_left.extend_from_slice(&tree.missing_left);
        all.cover.extend_from_slice(&tree.cover);
        all.rows.extend_from_slice(&tree.rows);
        all.gain.extend_from_slice(&tree.gain);
        all.values.extend_from_slice(&tree.values);
        all.words.extend_from_slice(&tree.words);
        all.sets.extend(tree.sets.iter().map(|s| CategorySet { start: s.start + first_word, len: s.len }));
        drop(tree);
        control.release(bytes);
    }
    let trees = all.roots.len() as f64;
    if all.values.iter().any(|value| value.abs() > f64::MAX / trees) {
        // Their sum would be infinite before it is divided.
        all.average = false;
        all.values.iter_mut().for_each(|value| *value /= trees);
    }
    Ok(all)
}
