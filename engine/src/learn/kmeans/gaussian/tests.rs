//! Expectation and maximisation against scikit-learn's, from the same start: `tests/referees/mixture.py` made the fixture.

use serde_json::Value;

use super::super::Points;
use super::{choose, em, parameters, regularisation, Found, MixtureParams, Search};
use crate::control::Control;
use crate::model::{Axis, Covariance};
use crate::score::mixture::shares;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn labels(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

fn number_axes(d: usize) -> Vec<Axis> {
    vec![Axis::Number { fill: 0.0, shift: 0.0, scale: 1.0, low: -9.0, high: 9.0 }; d]
}

fn from_labels(points: &Points<'_>, labels: &[u32], params: &MixtureParams) -> Found {
    let control = Control::default();
    let reg = regularisation(&number_axes(points.dimensions), points, params.reg_covar, &control).unwrap();
    let search = Search { points, reg: &reg, params, control: &control };
    search.from(search.of_labels(labels).unwrap()).unwrap()
}

fn near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{what}: {a} and not {b}");
    }
}

#[test]
fn mixtures_are_those_of_scikit_learn() {
    let fixture: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/mixture.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let (d, x) = (case["d"].as_u64().unwrap() as usize, numbers(&case["x"]));
        let points = Points { values: &x, dimensions: d, weight: None, restraints: &[] };
        for kind in case["kinds"].as_array().unwrap() {
            let name = kind["covariance_type"].as_str().unwrap();
            let covariance = Covariance::NAMED.iter().find(|named| named.0 == name).unwrap().1;
            let params = MixtureParams { covariance, ..MixtureParams::default() };
            let found = from_labels(&points, &labels(&case["labels"]), &params);
            assert_eq!(u64::from(found.iterations), kind["iterations"].as_u64().unwrap(), "{name}");
            assert!(found.converged);
            let k = found.sizes.len();
            near(&found.parameters.means, &numbers(&kind["means"]), name);
            let weights: Vec<f64> = found.parameters.log_weights.iter().map(|w| w.exp()).collect();
            near(&weights, &numbers(&kind["weights"]), name);
            near(&[found.log_likelihood], &[kind["log_likelihood"].as_f64().unwrap()], name);
            let bic = choose::bic(found.log_likelihood, parameters(covariance, k, d), points.rows() as f64);
            near(&[bic], &[kind["bic"].as_f64().unwrap()], name);
            assert_eq!(found.labels, labels(&kind["labels"]), "{name}");
            let components = found.parameters.components();
            let mut posteriors = Vec::new();
            for row in 0..20 {
                let mut apart = vec![0.0; d];
                let of = |c: usize| {
                    components.apart(c, points.row(row), 1, &mut apart);
                    components.log_density(c, components.far::<1>(c, &apart, 1, 0)[0])
                };
                let mut own: Vec<f64> = (0..k).map(of).collect();
                shares(&mut own, 1, 0);
                posteriors.extend(own);
            }
            near(&posteriors, &numbers(&kind["posteriors"]), name);
        }
    }
}

/// A weight of a whole number is a row that is there so often, and threads change no bit.
#[test]
fn weights_are_rows_and_threads_change_nothing() {
    let fixture: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/mixture.json")).unwrap();
    let (x, start) = (numbers(&fixture["cases"][0]["x"]), labels(&fixture["cases"][0]["labels"]));
    let times = |row: usize| row % 3;
    let weight: Vec<f64> = (0..start.len()).map(|row| times(row) as f64).collect();
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for row in 0..start.len() {
        for _ in 0..times(row) {
            rows.extend_from_slice(&x[row * 3..row * 3 + 3]);
            all.push(start[row]);
        }
    }
    for (_, covariance) in Covariance::NAMED {
        let params = MixtureParams { covariance, ..MixtureParams::default() };
        let weighed =
            from_labels(&Points { values: &x, dimensions: 3, weight: Some(&weight), restraints: &[] }, &start, &params);
        let repeated =
            from_labels(&Points { values: &rows, dimensions: 3, weight: None, restraints: &[] }, &all, &params);
        near(&weighed.parameters.means, &repeated.parameters.means, covariance.name());
        near(&weighed.parameters.precisions, &repeated.parameters.precisions, covariance.name());
        near(&[weighed.log_likelihood], &[repeated.log_likelihood], covariance.name());
    }
    let (n, d) = (30_000, 4);
    let rows: Vec<f64> = (0..n * d).map(|i| ((i * 7919 + i / d % 5 * 1_000_003) % 10_007) as f64 / 1000.0).collect();
    let start: Vec<u32> = (0..n as u32).map(|i| i % 5).collect();
    let points = Points { values: &rows, dimensions: d, weight: None, restraints: &[] };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let params = MixtureParams { max_iter: 5, ..MixtureParams::default() };
        pool.install(|| from_labels(&points, &start, &params).parameters)
    };
    let (one, three) = (run(1), run(3));
    assert_eq!((one.means, one.precisions, one.log_weights), (three.means, three.precisions, three.log_weights));
}

/// The sums of a pass are what they are defined to be.
#[test]
fn sums_are_those_of_the_definition() {
    let fixture: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/mixture.json")).unwrap();
    let (x, start) = (numbers(&fixture["cases"][0]["x"]), labels(&fixture["cases"][0]["labels"]));
    let control = Control::default();
    let points = Points { values: &x, dimensions: 3, weight: None, restraints: &[] };
    let found = from_labels(&points, &start, &MixtureParams::default());
    let sums = em::of_labels(&points, found.parameters.components(), &start, &control).unwrap();
    for c in 0..3 {
        let own: Vec<usize> = (0..start.len()).filter(|&row| start[row] as usize == c).collect();
        let apart = |row: usize, j: usize| points.row(row)[j] - found.parameters.mean(c)[j];
        near(&[sums.weights[c]], &[own.len() as f64], "weights");
        let first: Vec<f64> = (0..3).map(|j| own.iter().map(|&row| apart(row, j)).sum()).collect();
        near(&sums.first[c * 3..c * 3 + 3], &first, "first");
        let cells = (0..3).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let second: Vec<f64> = cells.map(|(i, j)| own.iter().map(|&row| apart(row, i) * apart(row, j)).sum()).collect();
        near(&sums.second[c * 6..c * 6 + 6], &second, "second");
    }
}
