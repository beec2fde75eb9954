//! Where nodes stand: as near to each other as they can, a parent in the middle above its children (Reingold and Tilford 1981).

use super::Node;

/// The left and right edges of a subtree on each level, seen from its root.
#[derive(Default)]
struct Contour {
    left: Vec<f64>,
    right: Vec<f64>,
}

/// The middle of each node, from the left edge of the drawing, and its width. Nodes are of one width and stand a gap apart.
pub(super) fn place(nodes: &[Node], width: f64, gap: f64) -> (Vec<f64>, f64) {
    let mut contours: Vec<Contour> = nodes.iter().map(|_| Contour::default()).collect();
    // How far a node stands from its parent.
    let mut offsets = vec![0.0; nodes.len()];
    // Children come after their parents.
    for at in (0..nodes.len()).rev() {
        let mut own = Contour { left: vec![-width / 2.0], right: vec![width / 2.0] };
        if let [first, second] = nodes[at].children[..] {
            let (a, b) = (std::mem::take(&mut contours[first]), std::mem::take(&mut contours[second]));
            let apart = a.right.iter().zip(&b.left).map(|(right, left)| right - left).fold(width, f64::max) + gap;
            (offsets[first], offsets[second]) = (-apart / 2.0, apart / 2.0);
            for level in 0..a.left.len().max(b.left.len()) {
                let side = |edges: &[f64], offset: f64| edges.get(level).map(|edge| edge + offset);
                let [la, lb] = [side(&a.left, -apart / 2.0), side(&b.left, apart / 2.0)];
                let [ra, rb] = [side(&a.right, -apart / 2.0), side(&b.right, apart / 2.0)];
                own.left.push(la.or(lb).unwrap_or(0.0));
                own.right.push(rb.or(ra).unwrap_or(0.0));
            }
        }
        contours[at] = own;
    }
    let Some(root) = contours.first() else { return (Vec::new(), 0.0) };
    let left = root.left.iter().copied().fold(0.0, f64::min);
    let right = root.right.iter().copied().fold(0.0, f64::max);
    let mut places = vec![-left; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            places[at] = places[parent] + offsets[at];
        }
    }
    (places, right - left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(splits: &[bool]) -> Vec<Node> {
        let node = |parent: Option<usize>, depth| Node {
            question: None,
            lines: Vec::new(),
            rule: String::new(),
            parent,
            children: Vec::new(),
            depth,
            strength: 0.0,
        };
        let mut nodes = vec![node(None, 0)];
        for at in 0..splits.len() {
            if at < nodes.len() && splits[at] {
                let depth = nodes[at].depth + 1;
                for _ in 0..2 {
                    let child = nodes.len();
                    nodes[at].children.push(child);
                    nodes.push(node(Some(at), depth));
                }
            }
        }
        nodes
    }

    proptest! {
        #[test]
        fn nodes_of_a_level_never_touch(splits in prop::collection::vec(any::<bool>(), 1..60)) {
            let nodes = tree(&splits);
            let (places, width) = place(&nodes, 10.0, 4.0);
            for (a, node) in nodes.iter().enumerate() {
                prop_assert!(places[a] >= 4.999 && places[a] <= width - 4.999);
                if let [first, second] = node.children[..] {
                    prop_assert!((places[first] + places[second] - 2.0 * places[a]).abs() < 1e-9);
                }
                for b in a + 1..nodes.len() {
                    if nodes[b].depth == node.depth {
                        prop_assert!((places[a] - places[b]).abs() >= 13.999);
                    }
                }
            }
        }
    }
}
