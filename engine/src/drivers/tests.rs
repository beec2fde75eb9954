use super::*;
use crate::data::Column;
use moments::Side;
use proptest::prelude::*;

/// A row: the levels of its dimensions (0 is missing), metric and denominator.
type Row = (Vec<u8>, f64, f64);

const DIMENSIONS: usize = 3;

/// The table of rows: metric, denominator, dimensions; the last of these is of numbers.
fn table(rows: &[Row], control: &Control) -> Table {
    let numbers = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let mut columns = vec![
        Column::from_numbers("y", &numbers(&|r| r.1), control).unwrap(),
        Column::from_numbers("n", &numbers(&|r| r.2), control).unwrap(),
    ];
    for d in 0..DIMENSIONS {
        let level = |r: &Row| r.0[d];
        if d + 1 == DIMENSIONS {
            let number = |r: &Row| if level(r) == 0 { f64::NAN } else { f64::from(level(r)) };
            columns.push(Column::from_numbers("d", &numbers(&number), control).unwrap());
            continue;
        }
        let texts: Vec<String> = rows.iter().map(|r| level(r).to_string()).collect();
        let texts: Vec<Option<&str>> = texts.iter().map(|t| (t != "0").then_some(t.as_str())).collect();
        columns.push(Column::from_texts("d", &texts, control).unwrap());
    }
    Table { columns, rows: rows.len() }
}

fn find(before: &[Row], after: &[Row], ratio: bool, options: &Options) -> Result<Found> {
    find_within(before, after, ratio, options, &Control::default())
}

fn find_within(before: &[Row], after: &[Row], ratio: bool, options: &Options, control: &Control) -> Result<Found> {
    let tables = [table(before, &Control::default()), table(after, &Control::default())];
    let period = |at: usize| Period {
        name: ["before", "after"][at],
        table: &tables[at],
        metric: 0,
        denominator: ratio.then_some(1),
        dimensions: (2..2 + DIMENSIONS).collect(),
    };
    key_drivers([&period(0), &period(1)], &[true; DIMENSIONS], options, control)
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// Rows whose metric is of their levels, so many times a weight each.
fn made(rows: usize, seed: u64, of: impl Fn(&[u8], &mut Random) -> Option<(f64, f64)>) -> Vec<Row> {
    let mut random = Random(seed);
    (0..rows)
        .filter_map(|_| {
            let levels: Vec<u8> = [4.0, 3.0, 5.0].iter().map(|n| 1 + (random.next() * n) as u8).collect();
            of(&levels, &mut random).map(|(y, n)| (levels, y, n))
        })
        .collect()
}

fn clicks(chance: f64, random: &mut Random) -> (f64, f64) {
    let shown = (1.0 + random.next() * 9.0).floor();
    ((0..shown as usize).filter(|_| random.next() < chance).count() as f64, shown)
}

fn text(dimension: usize, level: &str) -> (usize, Level) {
    (dimension, Level::Text(level.into()))
}

#[test]
fn planted_drivers_of_a_ratio_are_found() {
    let before = made(20_000, 1, |_, r| Some(clicks(0.1, r)));
    let after = made(20_000, 2, |l, r| {
        let chance = if l[0] == 2 && l[1] == 3 {
            0.03
        } else if l[2] == 4 {
            0.12
        } else {
            0.1
        };
        Some(clicks(chance, r))
    });
    let found = find(&before, &after, true, &Options::default()).unwrap();
    let segments: Vec<_> = found.drivers.iter().map(|d| d.segment.clone()).collect();
    assert_eq!(segments, [Some(vec![text(0, "2"), text(1, "3")]), Some(vec![(2, Level::Number(4.0))]), None]);
    assert!(found.drivers[0].z.unwrap() < -8.0 && found.drivers[1].z.unwrap() > 5.0);
    assert!(found.drivers[0].effects.rate < 0.0 && found.drivers[0].effects.mix.abs() < 0.001);
}

#[test]
fn planted_drivers_of_a_sum_are_found() {
    // One level loses half of its orders, another's are larger by a third; all grow by a tenth.
    let order = |r: &mut Random| 20.0 + 10.0 * r.next();
    let before = made(20_000, 3, |_, r| Some((order(r), 1.0)));
    let after = made(22_000, 4, |l, r| {
        let (size, kept) = (order(r), r.next() < 0.5);
        (l[1] != 2 || kept).then_some((if l[2] == 5 { size * 1.33 } else { size }, 1.0))
    });
    let found = find(&before, &after, false, &Options::default()).unwrap();
    let segments: Vec<_> = found.drivers.iter().map(|d| d.segment.clone()).collect();
    assert_eq!(segments.len(), 3, "{found:?}");
    assert!(segments.contains(&Some(vec![text(1, "2")])) && segments.contains(&Some(vec![(2, Level::Number(5.0))])));
    for driver in &found.drivers {
        let e = driver.effects;
        assert!((e.volume + e.mix + e.rate - e.change).abs() < 1e-6);
        match &driver.segment {
            Some(segment) if segment[0].0 == 1 => assert!(e.mix < 10.0 * -e.rate.abs(), "{driver:?}"),
            Some(_) => assert!(e.rate > 10.0 * e.mix.abs(), "{driver:?}"),
            None => {}
        }
    }
}

#[test]
fn of_two_halves_the_one_that_moved_is_named() {
    let levels = |l: &[u8]| 1 + l[0] % 2;
    let halves = |rows: Vec<Row>| rows.into_iter().map(|(l, y, n)| (vec![levels(&l), 1, 1], y, n)).collect::<Vec<_>>();
    let before = halves(made(20_000, 5, |_, r| Some(clicks(0.1, r))));
    for moved in [1, 2] {
        let chance = |l: &[u8]| if levels(l) == moved { 0.05 } else { 0.1 };
        let after = halves(made(20_000, 6, |l, r| Some(clicks(chance(l), r))));
        for ratio in [true, false] {
            let found = find(&before, &after, ratio, &Options::default()).unwrap();
            assert_eq!(found.drivers[0].segment, Some(vec![text(0, &moved.to_string())]), "{found:?}");
            assert_eq!(found.drivers.len(), 2);
            assert_eq!(found.left_out, [(1, LeftOut::Constant), (2, LeftOut::Constant)]);
        }
    }
}

/// A row a day and segment whatever happens: the number of rows is no matter of chance, and a mean that hardly varies tells of small changes.
#[test]
fn small_changes_of_steady_rows_are_found() {
    let steady = |seed, factor: f64| {
        made(4000, seed, move |l, r| Some(((1000.0 + 20.0 * r.normal()) * if l[1] == 2 { factor } else { 1.0 }, 1.0)))
    };
    let found = find(&steady(7, 1.0), &steady(8, 1.03), false, &Options::default()).unwrap();
    assert_eq!(found.drivers[0].segment, Some(vec![text(1, "2")]));
    assert_eq!(found.drivers.len(), 2, "{found:?}");
}

/// Where nothing stands out, something is found about as often as the option says.
#[test]
fn chance_finds_little() {
    let mut found = [0; 3];
    for seed in 0..60 {
        let ratio = |s| made(3000, s, |_, r| Some(clicks(0.2, r)));
        let sum = |s, rows| made(rows, s, |_, r| Some(((r.normal() * 0.7).exp(), 1.0)));
        let loss = |s, rows| made(rows, s, |_, r| Some((r.normal() * 5.0 + 1.0, 1.0)));
        let some = |f: Result<Found>| usize::from(f.unwrap().drivers.len() > 1);
        let options = Options { max_depth: 3, ..Options::default() };
        found[0] += some(find(&ratio(seed * 2 + 100), &ratio(seed * 2 + 101), true, &options));
        found[1] += some(find(&sum(seed * 2 + 300, 3000), &sum(seed * 2 + 301, 4000), false, &options));
        found[2] += some(find(&loss(seed * 2 + 500, 3000), &loss(seed * 2 + 501, 4000), false, &options));
    }
    assert!(found.iter().all(|f| *f <= 6), "{found:?}");
}

/// All conjunctions one by one, on rows as they are.
fn naive(before: &[Row], after: &[Row], ratio: bool, options: &Options) -> Vec<(Vec<(usize, u8)>, f64)> {
    let side = |rows: &[&Row], centre: f64| {
        let mut side = Side::default();
        for (_, y, n) in rows {
            let n = if ratio { *n } else { 1.0 };
            side.y += y;
            side.n += n;
            side.m += 1.0;
            side.yy += if ratio { 0.0 } else { y * y };
            side.nn += n * n;
            side.ee += (y - centre * n).powi(2);
            side.en += (y - centre * n) * n;
        }
        side
    };
    let mut left: [Vec<&Row>; 2] = [before.iter().collect(), after.iter().collect()];
    let whole = [side(&left[0], 0.0), side(&left[1], 0.0)];
    let positive = left.iter().flatten().all(|r| r.1 >= 0.0);
    let mut conjunctions: Vec<Vec<(usize, u8)>> = vec![vec![]];
    let mut from = 0;
    for _ in 0..options.max_depth {
        let to = conjunctions.len();
        for at in from..to {
            for d in conjunctions[at].last().map_or(0, |c| c.0 + 1)..DIMENSIONS {
                for level in 0..10 {
                    let mut more = conjunctions[at].clone();
                    more.push((d, level));
                    conjunctions.push(more);
                }
            }
        }
        from = to;
    }
    let mut out = Vec::new();
    while out.len() < options.top {
        let total = [side(&left[0], 0.0), side(&left[1], 0.0)];
        let test = Test { ratio, positive, centre: 0.0 };
        let (mut count, mut all) = ([0usize; 5], Vec::new());
        for conditions in conjunctions.iter().skip(1) {
            let own = [0, 1].map(|p| {
                let rows = left[p].iter().filter(|r| conditions.iter().all(|(d, l)| r.0[*d] == *l));
                side(&rows.copied().collect::<Vec<_>>(), 0.0)
            });
            // A dimension of one level is no condition.
            let enough = (0..2).any(|p| own[p].n > 0.0 && own[p].n >= options.min_share * whole[p].n);
            let told = conditions.iter().all(|(d, _)| before.iter().chain(after).any(|r| r.0[*d] != before[0].0[*d]));
            if enough && told {
                count[conditions.len()] += 1;
                all.extend(test.verdict(&own, &total).map(|v| (conditions.clone(), v)));
            }
        }
        let worth =
            |c: &[(usize, u8)], score: f64| score * score / 2.0 - (count[..=c.len()].iter().sum::<usize>() as f64).ln();
        let Some((best, verdict)) =
            all.into_iter().max_by(|a, b| worth(&a.0, a.1.score).total_cmp(&worth(&b.0, b.1.score)))
        else {
            break;
        };
        let chance = 2.0 * count.iter().sum::<usize>() as f64 * libm::erfc(verdict.score / 2f64.sqrt());
        if chance > options.alpha {
            break;
        }
        left.iter_mut().for_each(|l| l.retain(|r| !best.iter().all(|(d, l)| r.0[*d] == *l)));
        out.push((best, verdict.z));
    }
    out
}

fn rows(levels: u8, most: usize, digits: bool) -> impl Strategy<Value = Vec<Row>> {
    let y = if digits {
        (-20i32..400).prop_map(|y| f64::from(y) / 7.0).boxed()
    } else {
        (0u8..30).prop_map(f64::from).boxed()
    };
    let row = (prop::collection::vec(0..levels, DIMENSIONS), y, 0u8..9);
    prop::collection::vec(row.prop_map(|(l, y, n)| (l, y, f64::from(n))), 2..most)
}

proptest! {
    /// All parts sum to the change exactly, rows are counted once, and the order of rows and the number of threads change nothing.
    #[test]
    fn parts_sum_to_the_change(
        before in rows(5, 60, true), after in rows(4, 60, true), ratio: bool, seed in 1u64.., depth in 1usize..5,
    ) {
        let options = Options { max_depth: depth, alpha: 1.0, ..Options::default() };
        let sum = |rows: &[Row]| rows.iter().fold((0.0, 0.0), |(y, n), r| (y + r.1, n + if ratio { r.2 } else { 1.0 }));
        let ((y0, n0), (y1, n1)) = (sum(&before), sum(&after));
        prop_assume!(n0 > 0.0 && n1 > 0.0);
        let change = if ratio { y1 / n1 - y0 / n0 } else { y1 - y0 };
        let found = find(&before, &after, ratio, &options).unwrap();
        let total = |of: &dyn Fn(&Driver) -> f64| found.drivers.iter().map(of).sum::<f64>();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + y0.abs() + y1.abs());
        prop_assert!(near(total(&|d| d.effects.change), change));
        prop_assert!(near(total(&|d| d.effects.volume + d.effects.mix + d.effects.rate), change));
        prop_assert!(found.drivers.iter().all(|d| near(d.effects.volume + d.effects.mix + d.effects.rate, d.effects.change)));
        prop_assert!(near(total(&|d| d.share[0]), 1.0) && near(total(&|d| d.share[1]), 1.0));
        prop_assert_eq!(total(&|d| d.rows[0] as f64), before.len() as f64);
        prop_assert_eq!(total(&|d| d.rows[1] as f64), after.len() as f64);
        let mut random = Random(seed);
        let mut shuffled = |rows: &[Row]| {
            let mut keyed: Vec<(u64, Row)> = rows.iter().map(|r| ((random.next() * 1e9) as u64, r.clone())).collect();
            keyed.sort_by_key(|k| k.0);
            keyed.into_iter().map(|k| k.1).collect::<Vec<_>>()
        };
        let (other_before, other_after) = (shuffled(&before), shuffled(&after));
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let again = one.install(|| find(&other_before, &other_after, ratio, &options)).unwrap();
        prop_assert_eq!(again, found);
    }

    /// What is found is what is found by looking at all conjunctions.
    #[test]
    fn all_conjunctions_are_looked_at(
        before in rows(4, 300, false), after in rows(4, 300, false), ratio: bool, depth in 1usize..4,
        share in prop::sample::select(vec![0.005, 0.03, 0.2]), lift in 0u8..60,
    ) {
        let options = Options { max_depth: depth, alpha: 1.0, min_share: share, top: 4, ..Options::default() };
        let after: Vec<Row> = after
            .into_iter()
            .map(|(l, y, n)| (l.clone(), if l[0] == 1 && l[2] == 2 { y + f64::from(lift) } else { y }, n))
            .collect();
        prop_assume!(!ratio || (before.iter().any(|r| r.2 > 0.0) && after.iter().any(|r| r.2 > 0.0)));
        let found = find(&before, &after, ratio, &options).unwrap();
        let expected = naive(&before, &after, ratio, &options);
        // Two that are as far to the last digit may be taken for each other, and then all goes on otherwise.
        for (driver, (segment, z)) in found.drivers.iter().zip(&expected) {
            let (own, wanted) = (driver.z, *z);
            prop_assert!(own.is_some_and(|own| (own.abs() - wanted.abs()).abs() < 1e-6 * (1.0 + wanted.abs())), "{own:?} {wanted} {segment:?}");
            let same = driver.segment.as_ref().is_some_and(|own| {
                own.len() == segment.len() && own.iter().zip(segment).all(|(a, b)| {
                    a.0 == b.0 && match &a.1 {
                        Level::Missing => b.1 == 0,
                        Level::Text(text) => *text == b.1.to_string(),
                        Level::Number(number) => *number == f64::from(b.1),
                        Level::Range(..) => false,
                    }
                })
            });
            if !same {
                return Ok(());
            }
        }
        prop_assert_eq!(found.drivers.len(), expected.len() + 1);
    }
}

#[test]
fn odd_rows_are_borne() {
    let row = |l: u8, y: f64, n: f64| (vec![l, 0, l], y, n);
    let usual = [row(1, 5.0, 10.0), row(2, 3.0, 10.0)];
    let one = find(&usual, &[row(3, 2.0, 4.0)], true, &Options::default()).unwrap();
    assert_eq!(one.drivers.len(), 1);
    assert!((one.drivers[0].effects.change - 0.1).abs() < 1e-15);
    // What cannot be used is counted.
    let odd = [
        row(1, f64::NAN, 1.0),
        row(1, 1.0, -1.0),
        row(2, f64::INFINITY, 1.0),
        row(2, 1.0, f64::NAN),
        row(0, 1e300, 1.0),
        row(1, 1.0, 1.0),
    ];
    let found = find(&usual, &odd, true, &Options::default()).unwrap();
    assert_eq!((found.unusable, found.drivers[0].rows), ([0, 5], [2, 1]));
    for (before, after, message) in [
        (&usual[..], &odd[..5], "after has no row with a metric and a denominator of 0 or more"),
        (&[][..], &usual[..], "before has no row with a metric and a denominator of 0 or more"),
        (&[row(1, 5.0, 0.0)][..], &usual[..], "the denominator of before sums to 0"),
    ] {
        assert_eq!(find(before, after, true, &Options::default()).unwrap_err().to_string(), message);
    }
    // The largest and the smallest numbers.
    let extreme: Vec<Row> = (0..200).map(|i| row(1 + i % 4, if i % 2 == 0 { 1e100 } else { 1e-300 }, 1.0)).collect();
    for ratio in [true, false] {
        let found = find(&extreme, &usual, ratio, &Options::default()).unwrap();
        assert!(found.drivers.iter().all(|d| d.effects.change.is_finite() && d.z.is_none_or(f64::is_finite)));
    }
}

#[test]
fn numbers_of_many_values_are_put_into_ranges() {
    let control = Control::default();
    let side = |seed: u64, lift: f64| {
        let mut random = Random(seed);
        let ages: Vec<f64> =
            (0..5000).map(|i| if i % 50 == 0 { f64::NAN } else { (20.0 + 50.0 * random.next()).floor() }).collect();
        let metric: Vec<f64> =
            ages.iter().map(|a| 10.0 + random.next() + if *a >= 59.0 { lift } else { 0.0 }).collect();
        let columns = vec![
            Column::from_numbers("y", &metric, &control).unwrap(),
            Column::from_numbers("age", &ages, &control).unwrap(),
        ];
        Table { columns, rows: 5000 }
    };
    let tables = [side(1, 0.0), side(2, 5.0)];
    let period =
        |at: usize| Period { name: "p", table: &tables[at], metric: 0, denominator: None, dimensions: vec![1] };
    let options = Options { bins: 5, ..Options::default() };
    let found = key_drivers([&period(0), &period(1)], &[true], &options, &control).unwrap();
    assert_eq!(found.drivers[0].segment, Some(vec![(0, Level::Range(Some(59.0), None))]), "{found:?}");
    let found = key_drivers([&period(0), &period(1)], &[false], &options, &control).unwrap();
    assert_eq!((found.drivers.len(), found.left_out), (1, vec![(0, LeftOut::Numbers)]));
}

/// More levels than a key of 63 bits has room for.
#[test]
fn many_dimensions_are_ranked_on_the_way() {
    let control = Control::default();
    let dimensions = 30;
    let side = |seed: u64, lift: f64| {
        let mut random = Random(seed);
        let levels: Vec<Vec<f64>> =
            (0..dimensions).map(|_| (0..2000).map(|_| (random.next() * 15.0).floor()).collect()).collect();
        let metric: Vec<f64> = (0..2000)
            .map(|i| 1.0 + random.next() + if levels[1][i] == 3.0 || levels[28][i] == 7.0 { lift } else { 0.0 })
            .collect();
        let mut columns = vec![Column::from_numbers("y", &metric, &control).unwrap()];
        columns.extend(levels.iter().map(|l| Column::from_numbers("d", l, &control).unwrap()));
        Table { columns, rows: 2000 }
    };
    let tables = [side(11, 0.0), side(12, 4.0)];
    let period = |at: usize| Period {
        name: "p",
        table: &tables[at],
        metric: 0,
        denominator: None,
        dimensions: (1..=dimensions).collect(),
    };
    let found =
        key_drivers([&period(0), &period(1)], &[true; 30], &Options { alpha: 0.001, ..Options::default() }, &control)
            .unwrap();
    let mut segments: Vec<_> = found.drivers.iter().filter_map(|d| d.segment.clone()).collect();
    segments.sort_by_key(|s| s[0].0);
    assert_eq!(segments, [vec![(1, Level::Number(3.0))], vec![(28, Level::Number(7.0))]]);
}

#[test]
fn memory_and_cancels_are_heeded() {
    let (before, after) =
        (made(20_000, 1, |_, r| Some(clicks(0.1, r))), made(20_000, 2, |_, r| Some((r.normal(), 1.0))));
    for ratio in [true, false] {
        let control = Control::default();
        find_within(&before, &after, ratio, &Options::default(), &control).unwrap();
        for limit in [1000, 100_000, 500_000, control.peak() - 1] {
            let control = Control::new(limit);
            let refused = find_within(&before, &after, ratio, &Options::default(), &control);
            assert!(matches!(refused, Err(Error::OutOfMemory { .. })), "{limit}");
        }
        let control = Control::default();
        control.cancel();
        assert_eq!(find_within(&before, &after, ratio, &Options::default(), &control), Err(Error::Cancelled));
    }
}
