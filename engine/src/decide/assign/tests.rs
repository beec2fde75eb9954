//! Assignments against all there are, and as they are met.

use super::*;
use proptest::prelude::*;

/// The best of all assignments, by trying them all.
fn naive(problem: &Problem<'_>) -> f64 {
    fn go(problem: &Problem<'_>, at: usize, of_row: usize, of_offer: &mut Vec<u64>, spent: f64) -> f64 {
        if at == problem.profit.len() {
            return 0.0;
        }
        let (offer, first) = (at % problem.offers, at.is_multiple_of(problem.offers));
        let of_row = if first { 0 } else { of_row };
        let without = go(problem, at + 1, of_row, of_offer, spent);
        let fits = problem.profit[at] > 0.0
            && of_row < problem.per_row
            && problem.capacity[offer].is_none_or(|c| of_offer[offer] < c)
            && problem.budget.is_none_or(|b| spent + problem.cost[at] <= b);
        if !fits {
            return without;
        }
        of_offer[offer] += 1;
        let with = problem.profit[at] + go(problem, at + 1, of_row + 1, of_offer, spent + problem.cost[at]);
        of_offer[offer] -= 1;
        with.max(without)
    }
    go(problem, 0, 0, &mut vec![0; problem.offers], 0.0)
}

proptest! {
    /// Every limit is kept, the bound is one, and the assignment is not far from the best there is.
    #[test]
    fn assignments_are_sound(
        numbers in prop::collection::vec((-2i32..20, 0u8..6), 12),
        capacity in prop::collection::vec(prop::option::of(0u64..4), 3),
        budget in prop::option::of(0u8..20),
        per_row in 1usize..3,
    ) {
        let profit: Vec<f64> = numbers.iter().map(|n| f64::from(n.0)).collect();
        let cost: Vec<f64> = numbers.iter().map(|n| f64::from(n.1)).collect();
        let budget = budget.map(f64::from);
        let problem = Problem { offers: 3, profit: &profit, cost: &cost, capacity: &capacity, budget, per_row };
        let found = assign(&problem, &Control::default()).unwrap();
        let best = naive(&problem);
        prop_assert!(found.profit <= best + 1e-9 && best <= found.bound + 1e-9, "{found:?} {best}");
        prop_assert!(budget.is_none_or(|b| found.cost <= b + 1e-9));
        for (offer, capacity) in capacity.iter().enumerate() {
            let made = found.choices.iter().filter(|c| c.offer as usize == offer).count() as u64;
            prop_assert!(capacity.is_none_or(|c| made <= c));
        }
        for row in 0..4 {
            prop_assert!(found.choices.iter().filter(|c| c.row == row).count() <= per_row);
        }
        // Without a budget the linear program has a solution of whole numbers.
        if budget.is_none() {
            prop_assert!((found.profit - best).abs() < 1e-9 && (found.bound - best).abs() < 1e-9, "{found:?} {best}");
        }
    }
}

/// As `orchard.best_action` meets them with a small tree: rows of four kinds, costs far apart, a budget and capacities. The best of the linear program
/// by HiGHS 1.12 (scipy.optimize.linprog).
#[test]
fn ties_under_a_budget_come_close_to_the_best() {
    let (rows, offers) = (1_000, 6);
    let probability = |row: usize, offer: usize| (10 + 5 * (row % 4) + 4 * ((row % 4 + offer) % 3)) as f64 / 100.0;
    let costs = [0.1, 0.5, 2.0, 1.0, 0.2, 0.7];
    let cost: Vec<f64> = (0..rows * offers).map(|i| costs[i % offers]).collect();
    let profit: Vec<f64> = (0..rows * offers)
        .map(|i| probability(i / offers, i % offers) * (3 + (i % offers) * 7 % 5) as f64 - costs[i % offers])
        .collect();
    for (most, budget, best) in [(60, 20.0, 140.6), (200, 50.0, 382.0)] {
        let capacity = vec![Some(most); offers];
        let problem =
            Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget: Some(budget), per_row: 1 };
        let found = assign(&problem, &Control::default()).unwrap();
        assert!((found.bound - best).abs() < 1e-6, "{most} {budget}: {} of {}", found.profit, found.bound);
        assert!(found.gap() < 1e-9, "{most} {budget}: {} of {}", found.profit, found.bound);
        assert!(found.cost <= budget + 1e-9);
    }
}

/// What one would see at once: an offer beyond the budget bounds nothing, and one large offer can be worth more than a small one.
#[test]
fn large_offers_are_weighed() {
    let none = [None];
    let problem =
        |profit, cost, budget| Problem { offers: 1, profit, cost, capacity: &none, budget: Some(budget), per_row: 1 };
    let found = assign(&problem(&[0.99, 10.0], &[1.0, 90.0], 90.0), &Control::default()).unwrap();
    assert_eq!((found.profit, found.cost), (10.0, 90.0));
    let found = assign(&problem(&[1.0, 989.0], &[1.0, 11.0], 10.0), &Control::default()).unwrap();
    assert_eq!((found.profit, found.bound), (1.0, 1.0));
    let found = assign(&problem(&[f64::INFINITY, 2.0], &[0.0, 1.0], 10.0), &Control::default()).unwrap();
    assert_eq!(found.choices, [Choice { row: 1, offer: 0 }]);
}

/// Rows of few kinds, as trees that have few leaves score them: prices alone part no two rows of a kind.
#[test]
fn rows_that_are_alike_come_close_to_the_bound() {
    let (rows, offers) = (3_000, 3);
    let kind = |row: usize| row % 4;
    let cost = vec![0.1; rows * offers];
    let worth = [[0.9, 0.3, 0.6], [0.9, 0.8, 0.5], [0.2, 0.3, 0.9], [0.9, 0.85, 0.8]];
    let profit: Vec<f64> = (0..rows * offers).map(|i| worth[kind(i / offers)][i % offers]).collect();
    let capacity = [Some(700), Some(900), Some(300)];
    for budget in [None, Some(150.0), Some(90.0)] {
        let problem = Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget, per_row: 1 };
        let found = assign(&problem, &Control::default()).unwrap();
        assert!(found.gap() < 1e-9, "{budget:?}: {} of {}", found.profit, found.bound);
    }
}

#[test]
fn many_rows_come_close_to_the_bound() {
    let (rows, offers) = (5_000, 8);
    let draw = |i: usize, salt: u64| crate::data::mix(i as u64, salt) as f64 / u64::MAX as f64;
    let cost: Vec<f64> = (0..rows * offers).map(|i| 0.5 + (i % offers) as f64 * 0.3).collect();
    let profit: Vec<f64> = (0..rows * offers).map(|i| 20.0 * draw(i, 1) * draw(i / offers, 2) - cost[i]).collect();
    let capacity: Vec<Option<u64>> = (0..offers as u64).map(|o| (o != 3).then_some(200 + 50 * o)).collect();
    let problem =
        Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget: Some(1_500.0), per_row: 2 };
    let found = assign(&problem, &Control::default()).unwrap();
    assert!(found.gap() < 0.002, "{} of {}", found.profit, found.bound);
    assert!(found.cost <= 1_500.0);
    let nothing = Problem { budget: Some(0.0), ..problem };
    assert_eq!(assign(&nothing, &Control::default()).unwrap().choices.len(), 0);
}

/// Offers that a model scores alike, and that differ by value and cost: what many rows like best changes at once with a price.
#[test]
fn offers_that_score_alike_come_close_to_the_bound() {
    let (rows, offers) = (4_000, 20);
    let draw = |i: usize, salt: u64| crate::data::mix(i as u64, salt) as f64 / u64::MAX as f64;
    let score = |row: usize, offer: usize| 0.05 + 0.2 * draw(row, 1) + 0.1 * draw(row * 3 + offer % 3, 2);
    let cost: Vec<f64> = (0..rows * offers).map(|i| 0.05 * (1 + i % offers) as f64).collect();
    let profit: Vec<f64> = (0..rows * offers)
        .map(|i| score(i / offers, i % offers) * (1 + (i % offers + 1) % 7) as f64 - cost[i])
        .collect();
    let capacity = vec![Some(360); offers];
    for (budget, per_row) in [(Some(600.0), 1), (Some(1_200.0), 1), (None, 1), (Some(600.0), 2), (Some(100.0), 3)] {
        let problem = Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget, per_row };
        let found = assign(&problem, &Control::default()).unwrap();
        assert!(found.gap() < 1e-3, "{budget:?} {per_row}: {} of {}", found.profit, found.bound);
        assert!(budget.is_none_or(|b| found.cost <= b + 1e-9));
        let made = |offer: u32| found.choices.iter().filter(|c| c.offer == offer).count() as u64;
        assert!((0..offers as u32).all(|offer| made(offer) <= 360));
        let mut of_row = vec![0; rows];
        found.choices.iter().for_each(|c| of_row[c.row as usize] += 1);
        assert!(of_row.iter().all(|n| *n <= per_row));
    }
}
