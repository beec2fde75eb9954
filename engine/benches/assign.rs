//! How long 100,000 rows and 20 offers take to be assigned, and how far from its bound the answer is: problems of several kinds.
//!
//! `cargo bench -p orchard-engine --bench assign [-- ROWS OFFERS]`.
#![allow(missing_docs)]

use std::time::Instant;

use orchard_engine::control::Control;
use orchard_engine::decide::{assign, Problem};

/// Numbers from 0 to below 1 that are the same each time (SplitMix64).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Nearly a standard normal number.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// How probabilities come about.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Each pair has its own.
    Free,
    /// A row and an offer each have an effect, and some rows fit some offers.
    Factors,
    /// As by factors, of a thousand levels.
    Rounded,
    /// As by factors, all offers nearly alike.
    Alike,
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (rows, offers) = (*numbers.first().unwrap_or(&100_000), *numbers.get(1).unwrap_or(&20));
    println!("{:<9} {:>7} {:>8} {:>8} {:>9} {:>8}", "problem", "a row", "budget", "seconds", "profit", "gap");
    for kind in [Kind::Free, Kind::Factors, Kind::Rounded, Kind::Alike] {
        for (per_row, share) in [(1, 0.02), (1, 0.3), (2, 0.1), (1, f64::INFINITY)] {
            let (profit, cost) = pairs(kind, rows, offers);
            let capacity: Vec<Option<u64>> =
                (0..offers).map(|j| (j % 5 != 4).then_some((rows / (offers + j)) as u64)).collect();
            let budget = share.is_finite().then(|| share * cost.iter().sum::<f64>() / offers as f64);
            let problem = Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget, per_row };
            let start = Instant::now();
            let made = assign(&problem, &Control::default()).expect("an assignment");
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{:<9} {per_row:>7} {share:>8} {seconds:>8.2} {:>9.0} {:>7.3}%",
                format!("{kind:?}").to_lowercase(),
                made.profit,
                made.gap() * 100.0
            );
        }
    }
}

/// Profit and cost of each pair.
fn pairs(kind: Kind, rows: usize, offers: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random(42);
    let spread = if matches!(kind, Kind::Alike) { 0.02 } else { 0.7 };
    let of_offer: Vec<[f64; 4]> = (0..offers)
        .map(|_| [spread * random.normal(), spread * random.normal(), 20.0 + 30.0 * random.unit(), 0.2 + random.unit()])
        .collect();
    let (mut profit, mut cost) = (Vec::with_capacity(rows * offers), Vec::with_capacity(rows * offers));
    for _ in 0..rows {
        let (own, fit) = (random.normal(), random.normal());
        for [effect, liking, value, price] in &of_offer {
            let probability = match kind {
                Kind::Free => 0.1 * random.unit(),
                _ => 1.0 / (1.0 + (3.0 - own - effect - liking * fit).exp()),
            };
            let probability = match kind {
                Kind::Rounded => (probability * 1000.0).round() / 1000.0,
                _ => probability,
            };
            profit.push(probability * value - price);
            cost.push(*price);
        }
    }
    (profit, cost)
}
