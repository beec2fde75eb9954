//! A tree in the order of a walk through all its nodes, with what Shapley values need of each edge.

use crate::control::Control;
use crate::error::Result;
use crate::model::{Trees, LEAF};
use crate::score::Scorer;

/// No edge.
pub(super) const NONE: u32 = u32::MAX;

/// Nodes that are visited between two looks for a cancel.
const CHECK: usize = 4096;

/// A node other than the root, with the edge that leads to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// What the parent looks at.
    pub feature: u32,
    /// Edges from the root, counting this one.
    pub depth: u32,
    /// The depth of the nearest edge above it that is of the same feature, or [`NONE`].
    pub earlier: u32,
    /// The product of the shares of the edges of the feature above it; 1 where there is none.
    pub earlier_share: f64,
    /// The parent in the scorer's layout, which knows what rows go left.
    pub parent: u32,
    /// Whether it leads to the left child.
    pub left: bool,
    /// The number of the leaf it leads to; `None` for another split.
    pub leaf: Option<f64>,
    /// The share of the parent's training rows that went this way.
    pub share: f64,
    /// The share that went the other way, without a rounding where the share is near 1.
    pub other: f64,
}

/// The edges of one tree. Parents come before children, and all of a left child before the right one.
#[derive(Debug)]
pub(super) struct Plan {
    /// All edges.
    pub edges: Vec<Edge>,
    /// The greatest depth.
    pub depth: usize,
    /// The greatest number of different features on a path.
    pub features: usize,
    /// The mean of the leaves, weighted as training rows reached them.
    pub mean: f64,
    visits: Vec<Visit>,
    /// By feature, the edge nearest above the walk.
    nearest: Vec<u32>,
}

/// What is left to do.
#[derive(Debug, Clone, Copy)]
enum Visit {
    /// Go to a node.
    Enter(Step),
    /// Go back above an edge of a feature; the next one above it is `nearest`.
    Leave { feature: u32, nearest: u32 },
}

/// A node to go to.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Its place among the stored nodes.
    stored: u32,
    /// Its place in the scorer's layout.
    laid: u32,
    /// The edge to it; that to the root is of no feature.
    edge: Edge,
    /// The share of training rows that reach it.
    reach: f64,
    /// Different features above it.
    features: u32,
}

impl Plan {
    /// Room for any tree of a scorer.
    pub fn new(scorer: &Scorer, trees: &Trees, control: &Control) -> Result<Plan> {
        let ends = trees.roots.iter().skip(1).copied().chain([trees.nodes() as u32]);
        let most =
            trees.roots.iter().zip(ends).map(|(&root, end)| end.saturating_sub(root)).max().unwrap_or(0) as usize;
        let edges = control.vec(most)?;
        // On the way down every node leaves its way back and one child behind.
        let visits = control.vec(most.saturating_mul(2).saturating_add(2))?;
        let nearest = control.filled(scorer.model().features.len(), NONE)?;
        Ok(Plan { edges, depth: 0, features: 0, mean: 0.0, visits, nearest })
    }

    /// Walk through a tree, of whose leaves one output counts.
    pub fn fill(
        &mut self,
        scorer: &Scorer,
        trees: &Trees,
        tree: usize,
        output: usize,
        control: &Control,
    ) -> Result<()> {
        self.edges.clear();
        self.visits.clear();
        (self.depth, self.features, self.mean) = (0, 0, 0.0);
        // Of the output of another tree it says nothing.
        if trees.output_of(tree).is_some_and(|own| own != output) {
            return Ok(());
        }
        let edge = Edge {
            feature: LEAF,
            depth: 0,
            earlier: NONE,
            earlier_share: 1.0,
            parent: 0,
            left: false,
            leaf: None,
            share: 1.0,
            other: 0.0,
        };
        let (stored, laid) = (trees.roots[tree], scorer.root(tree));
        self.visits.push(Visit::Enter(Step { stored, laid, edge, reach: 1.0, features: 0 }));
        let mut seen = 0;
        while let Some(visit) = self.visits.pop() {
            seen += 1;
            if seen % CHECK == 0 {
                control.check()?;
            }
            match visit {
                Visit::Leave { feature, nearest } => self.nearest[feature as usize] = nearest,
                Visit::Enter(step) => self.enter(scorer, trees, output, step),
            }
        }
        Ok(())
    }

    /// Give back what was counted of its memory.
    pub fn release(self, control: &Control) {
        control.release_vec(self.edges);
        control.release_vec(self.visits);
        control.release_vec(self.nearest);
    }

    fn enter(&mut self, scorer: &Scorer, trees: &Trees, output: usize, mut step: Step) {
        let node = step.stored as usize;
        let leaf = trees.feature[node] == LEAF;
        if leaf {
            let value = trees.leaf(node).at(output);
            self.mean += step.reach * value;
            step.edge.leaf = Some(value);
        }
        if step.edge.feature != LEAF {
            self.push(&mut step);
        }
        if leaf {
            return;
        }
        for (child, left) in [(trees.right[node], false), (trees.left[node], true)] {
            let (share, other) = shares(trees.cover[node], trees.cover[child as usize]);
            let edge = Edge {
                feature: trees.feature[node],
                depth: step.edge.depth + 1,
                parent: step.laid,
                left,
                share,
                other,
                leaf: None,
                ..step.edge
            };
            let laid = scorer.left_child(step.laid) + u32::from(!left);
            let reach = step.reach * share;
            self.visits.push(Visit::Enter(Step { stored: child, laid, edge, reach, ..step }));
        }
    }

    /// Note an edge, and that it is now the nearest of its feature.
    fn push(&mut self, step: &mut Step) {
        let edge = &mut step.edge;
        let feature = edge.feature as usize;
        let nearest = self.nearest[feature];
        match self.edges.get(nearest as usize) {
            Some(above) => (edge.earlier, edge.earlier_share) = (above.depth, above.shares()),
            None => {
                (edge.earlier, edge.earlier_share) = (NONE, 1.0);
                step.features += 1;
            }
        }
        self.nearest[feature] = self.edges.len() as u32;
        self.visits.push(Visit::Leave { feature: edge.feature, nearest });
        self.edges.push(*edge);
        self.depth = self.depth.max(edge.depth as usize);
        self.features = self.features.max(step.features as usize);
    }
}

impl Edge {
    /// The product of the shares of the edges of its feature down to it.
    pub fn shares(&self) -> f64 {
        self.earlier_share * self.share
    }

    /// What the product loses by the edge.
    pub fn lost(&self) -> f64 {
        self.earlier_share * self.other
    }
}

/// The share of a node's training rows that went to a child, and of the others; halves, where none reached the node.
fn shares(node: f64, child: f64) -> (f64, f64) {
    if node > 0.0 {
        (child / node, (node - child) / node)
    } else {
        (0.5, 0.5)
    }
}
