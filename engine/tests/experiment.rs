//! Tests of variants: the figures of scipy and statsmodels, and what must not change them.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::experiment::compare::{compare, Comparison, Interval, Settings};
use orchard_engine::experiment::correct::Correction;
use orchard_engine::experiment::distribution as d;
use orchard_engine::experiment::policy::{judge, Logged};
use orchard_engine::experiment::posterior::{best, Posterior};
use orchard_engine::experiment::power::{Design, Plan};
use orchard_engine::experiment::sample::{read, Aggregate, Columns, Experiment};
use orchard_engine::experiment::sequential::{boundaries, Mixture, Spending};
use orchard_engine::experiment::Alternative;
use orchard_engine::Error;
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/experiment.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, what: &dyn std::fmt::Debug) {
    let far = (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
    assert!(found == expected || far < 1e-9, "{found:e} is not {expected:e} ({far:e}): {what:?}");
}

#[test]
fn tails_are_exact() {
    let fixture = fixture();
    let rows = |name: &str| fixture["tails"][name].as_array().unwrap().iter().map(list).collect::<Vec<_>>();
    // Much closer than what is asked for.
    let near = |found: f64, expected: f64, row: &[f64]| {
        assert!(found == expected || (found / expected - 1.0).abs() < 1e-12, "{found:e} {expected:e} {row:?}");
    };
    rows("t").iter().for_each(|r| near(d::t_sf(r[0], r[1]), r[2], r));
    rows("t").iter().for_each(|r| near(d::t_sf(-r[0], r[1]), 1.0 - r[2], r));
    rows("chi2").iter().for_each(|r| near(d::chi2_sf(r[0], r[1]), r[2], r));
    rows("normal").iter().for_each(|r| near(d::normal_sf(r[0]), r[1], r));
    rows("beta").iter().for_each(|r| near(d::beta_cdf(r[0], 1.0 - r[0], r[1], r[2]), r[3], r));
    let rows = |name: &str| fixture[name].as_array().unwrap().iter().map(list).collect::<Vec<_>>();
    rows("t_isf").iter().for_each(|r| close(d::t_isf(r[0], r[1]), r[2], r));
    rows("normal_isf").iter().for_each(|r| close(d::normal_isf(r[0]), r[1], r));
    rows("noncentral_t").iter().for_each(|r| close(d::noncentral_t_tails(r[0], r[1], r[2]).0, r[3], r));
    rows("beta_ppf").iter().for_each(|r| close(d::beta_ppf(r[0], r[1], r[2]), r[3], r));
}

/// What no test gives must not hang or panic.
#[test]
fn tails_have_ends() {
    assert!(d::t_sf(f64::NAN, 3.0).is_nan() && d::t_sf(1.0, 0.0).is_nan() && d::chi2_sf(1.0, -1.0).is_nan());
    assert_eq!((d::t_sf(f64::INFINITY, 3.0), d::t_sf(f64::NEG_INFINITY, 3.0)), (0.0, 1.0));
    assert_eq!((d::chi2_sf(0.0, 3.0), d::chi2_sf(f64::INFINITY, 3.0)), (1.0, 0.0));
    assert_eq!((d::normal_isf(0.0), d::normal_isf(1.0)), (f64::INFINITY, f64::NEG_INFINITY));
    assert!(d::normal_isf(1.5).is_nan() && d::t_isf(-0.1, 4.0).is_nan() && d::beta_ppf(2.0, 1.0, 1.0).is_nan());
    assert!(d::t_sf(1e200, 3.0) >= 0.0 && d::t_sf(1e-200, 3.0) == 0.5 && d::t_sf(2.0, 1e300) > 0.02);
    assert!(d::t_isf(1e-300, 0.5) > 1e100);
    assert!((d::normal_isf(1e-300) - 37.0471).abs() < 1e-3);
    assert!((d::t_sf(2.0, 1e12) / d::normal_sf(2.0) - 1.0).abs() < 1e-9);
}

fn settings() -> Settings {
    Settings {
        alpha: 0.05,
        alternative: Alternative::TwoSided,
        interval: Interval::Newcombe,
        correction: Correction::None,
        mixture: None,
        ratio: false,
        covariate: false,
    }
}

/// A table of variants, numbers and more columns.
fn table(variants: &[&str], numbers: &[&[f64]], texts: &[&[&str]]) -> Table {
    let control = Control::default();
    let texts_of = |name: &str, t: &[&str]| {
        Column::from_texts(name, &t.iter().map(|t| Some(*t)).collect::<Vec<_>>(), &control).unwrap()
    };
    let mut columns = vec![texts_of("variant", variants)];
    columns.extend(numbers.iter().map(|n| Column::from_numbers("n", n, &control).unwrap()));
    columns.extend(texts.iter().map(|t| texts_of("t", t)));
    Table { columns, rows: variants.len() }
}

fn columns(table: &Table) -> Columns<'_> {
    let data = |i: usize| &table.columns[i].data;
    Columns {
        variant: data(0),
        metric: data(1),
        denominator: None,
        covariate: None,
        unit: None,
        segment: None,
        rows: table.rows,
        called: ("variant", 100),
    }
}

fn simple(table: &Table) -> Experiment {
    read(&columns(table), None, &Control::default()).unwrap()
}

fn shares(successes: &[f64], rows: &[f64]) -> Table {
    let (mut variants, mut values) = (Vec::new(), Vec::new());
    for (v, (s, n)) in ["a", "b"].iter().zip(successes.iter().zip(rows)) {
        for i in 0..*n as usize {
            variants.push(*v);
            values.push(f64::from(u8::from(i < *s as usize)));
        }
    }
    table(&variants, &[&values], &[])
}

#[test]
fn shares_are_compared_as_statsmodels_does() {
    for row in fixture()["shares"].as_array().unwrap() {
        let found = simple(&shares(&list(&row["successes"]), &list(&row["rows"])));
        assert!(found.binary);
        let alternative = Alternative::parse(row["alternative"].as_str().unwrap()).unwrap();
        let of = |settings: Settings| compare(&found, 0, &settings, &Control::default()).unwrap().remove(0);
        let one = of(Settings { alternative, ..settings() });
        close(one.statistic.unwrap(), row["z"].as_f64().unwrap(), row);
        close(one.p_value.unwrap(), row["p"].as_f64().unwrap(), row);
        assert_eq!(one.test, "proportions_z");
        if row["newcomb"].is_array() {
            let wald = of(Settings { interval: Interval::Wald, ..settings() });
            for (found, expected) in [(one.interval, &row["newcomb"]), (wald.interval, &row["wald"])] {
                let expected = list(expected);
                close(found.unwrap().0, expected[0], row);
                close(found.unwrap().1, expected[1], row);
            }
        }
        if row["ratio"].is_array() {
            let expected = list(&row["ratio"]);
            close(one.relative_interval.unwrap().0 + 1.0, expected[0], row);
            close(one.relative_interval.unwrap().1 + 1.0, expected[1], row);
        }
    }
}

/// The values of the fixture, with their past, in an order that depends on `step`.
fn means(fixture: &Value, step: usize) -> Table {
    let names = ["control", "green", "blue"];
    let lists = |name: &str| fixture[name].as_array().unwrap().iter().map(list).collect::<Vec<_>>();
    let (value, past) = (lists("value"), lists("past"));
    let mut rows: Vec<(&str, f64, f64, f64)> = Vec::new();
    for (k, name) in names.iter().enumerate() {
        for i in 0..value[k].len() {
            let hole = if i % 7 == 3 { f64::NAN } else { past[k][i] };
            rows.push((name, value[k][i], past[k][i], hole));
        }
    }
    let n = rows.len();
    let rows: Vec<_> = (0..n).map(|i| rows[(i * step + step / 2) % n]).collect();
    let column = |of: fn(&(&str, f64, f64, f64)) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let variants: Vec<&str> = rows.iter().map(|r| r.0).collect();
    table(&variants, &[&column(|r| r.1), &column(|r| r.2), &column(|r| r.3)], &[])
}

/// In C order the variants are blue, control, green.
fn place(row: &Value) -> usize {
    if row["variant"] == 1 {
        2
    } else {
        0
    }
}

fn of_variant(all: &[Comparison], at: usize) -> &Comparison {
    all.iter().find(|c| c.variant == at).unwrap()
}

fn agrees(found: &Comparison, row: &Value, statistic: &str) {
    close(found.statistic.unwrap(), row[statistic].as_f64().unwrap(), row);
    close(found.p_value.unwrap(), row["p"].as_f64().unwrap(), row);
    if row["df"].is_number() {
        close(found.df.unwrap(), row["df"].as_f64().unwrap(), row);
    }
    let (low, high) = found.interval.unwrap();
    close(low, row["low"].as_f64().unwrap_or(f64::NEG_INFINITY), row);
    close(high, row["high"].as_f64().unwrap_or(f64::INFINITY), row);
    if let Some(mean) = row["mean"].as_f64() {
        close(found.mean[1].unwrap(), mean, row);
    }
    if let Some(difference) = row["difference"].as_f64() {
        close(found.difference.unwrap(), difference, row);
    }
}

#[test]
fn means_are_compared_as_scipy_does() {
    let fixture = fixture();
    let table = means(&fixture, 1);
    let found = simple(&table);
    assert_eq!(found.variants, ["blue", "control", "green"]);
    for row in fixture["welch"].as_array().unwrap() {
        let alternative = Alternative::parse(row["alternative"].as_str().unwrap()).unwrap();
        let all = compare(&found, 1, &Settings { alternative, ..settings() }, &Control::default()).unwrap();
        agrees(of_variant(&all, place(row)), row, "t");
    }
    for name in ["bonferroni", "holm", "benjamini-hochberg"] {
        let correction = Correction::parse(name).unwrap();
        let all = compare(&found, 1, &Settings { correction, ..settings() }, &Control::default()).unwrap();
        let expected = list(&fixture["adjusted"][name]);
        close(of_variant(&all, 2).adjusted.unwrap(), expected[0], &name);
        close(of_variant(&all, 0).adjusted.unwrap(), expected[1], &name);
    }
    let control = Control::default();
    for (column, name) in [(2, "cuped"), (3, "cuped_holes")] {
        let columns = Columns { covariate: Some(&table.columns[column].data), ..columns(&table) };
        let found = read(&columns, None, &control).unwrap();
        let all = compare(&found, 1, &Settings { covariate: true, ..settings() }, &control).unwrap();
        for row in fixture[name].as_array().unwrap() {
            let found = of_variant(&all, place(row));
            agrees(found, row, "t");
            assert!(found.variance_reduction.unwrap() > 0.5, "{found:?}");
        }
        assert_eq!(found.left_out.without_covariate > 0, column == 3);
    }
    let columns = Columns { denominator: Some(&table.columns[2].data), ..columns(&table) };
    let found = read(&columns, None, &control).unwrap();
    let all = compare(&found, 1, &Settings { ratio: true, ..settings() }, &control).unwrap();
    fixture["ratio"].as_array().unwrap().iter().for_each(|row| agrees(of_variant(&all, place(row)), row, "z"));
}

#[test]
fn the_order_of_rows_and_threads_change_nothing() {
    let fixture = fixture();
    let control = Control::default();
    let one = |step: usize, threads: usize| {
        let table = means(&fixture, step);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let columns = Columns { covariate: Some(&table.columns[3].data), ..columns(&table) };
            let found = read(&columns, None, &control).unwrap();
            compare(&found, 1, &Settings { covariate: true, ..settings() }, &control).unwrap()
        })
    };
    let first = one(1, 1);
    for (step, threads) in [(2, 1), (7, 3), (101, 2)] {
        assert_eq!(one(step, threads), first);
    }
    assert_eq!(control.used(), 0);
}

#[test]
fn units_are_what_is_compared() {
    // Each user in several rows; one of them has both variants, and one row has no number.
    let variants = ["a", "a", "a", "b", "b", "b", "a", "b", "a", "b", "a"];
    let value = [1.0, 2.0, 4.0, 3.0, 3.0, 9.0, 5.0, 5.0, 7.0, 1.0, f64::NAN];
    let units = ["u1", "u1", "u2", "u3", "u3", "u4", "u5", "u5", "u6", "u7", "u6"];
    let table = table(&variants, &[&value], &[&units]);
    let with = |aggregate| {
        read(&Columns { unit: Some(&table.columns[2].data), ..columns(&table) }, aggregate, &Control::default())
            .unwrap()
    };
    let sums = with(None);
    assert_eq!((sums.left_out.units, sums.left_out.rows), (1, 1));
    let means: Vec<(f64, f64)> = sums.segments[0].1.iter().map(|m| (m.count, m.mean[0])).collect();
    // 3, 4, 7 and 6, 9, 1.
    assert_eq!(means, [(3.0, 14.0 / 3.0), (3.0, 16.0 / 3.0)]);
    let of = |aggregate| with(Some(aggregate)).segments[0].1[0].mean[0];
    assert_eq!((of(Aggregate::Mean), of(Aggregate::Max)), (12.5 / 3.0, 13.0 / 3.0));
    // A truth value is whether it ever was.
    let converted = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let table = self::table(&variants, &[&converted], &[&units]);
    let found =
        read(&Columns { unit: Some(&table.columns[2].data), ..columns(&table) }, None, &Control::default()).unwrap();
    assert!(found.binary);
    assert_eq!(found.segments[0].1.iter().map(|m| m.mean[0]).collect::<Vec<_>>(), [1.0 / 3.0, 2.0 / 3.0]);
    // Per unit, sums of both columns make a ratio.
    let clicks = [1.0; 11];
    let table = self::table(&variants, &[&converted, &clicks], &[&units]);
    let columns =
        Columns { unit: Some(&table.columns[3].data), denominator: Some(&table.columns[2].data), ..columns(&table) };
    let found = read(&columns, None, &Control::default()).unwrap();
    let a = found.segments[0].1[0];
    assert_eq!((found.binary, a.count, a.mean[0], a.mean[1]), (false, 3.0, 1.0 / 3.0, 5.0 / 3.0));
}

#[test]
fn segments_are_apart_and_few_rows_are_borne() {
    let table = table(
        &["a", "b", "a", "b", "a", "b", "c"],
        &[&[1.0, 2.0, 3.0, 5.0, 5.0, 5.0, 7.5]],
        &[&["x", "x", "x", "x", "y", "y", "y"]],
    );
    let columns = Columns { segment: Some(&table.columns[2].data), ..columns(&table) };
    let found = read(&columns, None, &Control::default()).unwrap();
    let all = compare(&found, 0, &settings(), &Control::default()).unwrap();
    let told: Vec<_> =
        all.iter().map(|c| (c.segment.as_deref(), c.variant, c.difference, c.p_value.is_some())).collect();
    assert_eq!(
        told,
        [
            (Some("x"), 1, Some(1.5), true),
            (Some("x"), 2, None, false),
            (Some("y"), 1, None, false),
            (Some("y"), 2, None, false)
        ]
    );
    // Numbers that do not vary have a difference and no test; shares of nothing and all too.
    let constant = simple(&self::table(&["a", "a", "b", "b"], &[&[3.0, 3.0, 4.0, 4.0]], &[]));
    let found = compare(&constant, 0, &settings(), &Control::default()).unwrap().remove(0);
    assert_eq!(
        (found.difference, found.p_value, found.interval, found.probability_best),
        (Some(1.0), None, None, None)
    );
    for ones in [[0.0, 0.0], [5.0, 5.0], [0.0, 5.0]] {
        let found =
            compare(&simple(&shares(&ones, &[5.0, 5.0])), 0, &settings(), &Control::default()).unwrap().remove(0);
        assert_eq!(found.p_value.is_some(), ones[0] != ones[1]);
        let (low, high) = found.interval.unwrap();
        assert!(low < high && found.relative_interval.is_none_or(|(l, h)| !l.is_nan() && !h.is_nan()), "{found:?}");
    }
    let many: Vec<String> = (0..200).map(|i| format!("{i}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let wide = self::table(&names, &[&vec![1.0; 200]], &[]);
    assert!(matches!(read(&self::columns(&wide), None, &Control::default()), Err(Error::InvalidData { .. })));
    let cancelled = Control::default();
    cancelled.cancel();
    assert_eq!(read(&self::columns(&table), None, &cancelled).err(), Some(Error::Cancelled));
    let small = Control::new(64);
    assert!(matches!(read(&self::columns(&table), None, &small), Err(Error::OutOfMemory { .. })));
}

/// Looked at after every hundred rows of no difference, an interval for one look goes wrong far too often, and this one does not.
#[test]
fn tests_may_be_looked_at_at_any_time() {
    let mixture = Mixture::tightest_at(2000.0, 0.05);
    let mut state = 12_345_678_912_345_u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let (mut wrong, mut naive) = (0, 0);
    for _ in 0..2_000 {
        let (mut sum, mut crossed, mut crossed_naive) = (0.0, false, false);
        for look in 1..=50 {
            sum += d::normal_isf(uniform()) * 10.0;
            let rows = f64::from(look * 100);
            let z = sum / rows.sqrt();
            crossed |= mixture.p_value(z, rows) < 0.05;
            crossed_naive |= 2.0 * d::normal_sf(z.abs()) < 0.05;
        }
        wrong += u32::from(crossed);
        naive += u32::from(crossed_naive);
    }
    assert!(wrong < 100 && naive > 500, "{wrong} {naive}");
    let found = simple(&shares(&[100.0, 160.0], &[1000.0, 1000.0]));
    let one =
        compare(&found, 0, &Settings { mixture: Some(mixture), ..settings() }, &Control::default()).unwrap().remove(0);
    let plain = compare(&found, 0, &settings(), &Control::default()).unwrap().remove(0);
    assert!(
        one.p_value > plain.p_value
            && one.interval.unwrap().0 < plain.interval.unwrap().0
            && one.p_value.unwrap() < 0.05
    );
}

#[test]
fn power_is_that_of_statsmodels() {
    let fixture = fixture();
    for row in fixture["power"].as_array().unwrap() {
        let alternative = Alternative::parse(row["alternative"].as_str().unwrap()).unwrap();
        let sign = if alternative == Alternative::Smaller { -1.0 } else { 1.0 };
        let rows = row["rows"].as_f64().unwrap();
        let plan = Plan {
            design: Design::Proportions,
            baseline: 0.1,
            ratio: row["ratio"].as_f64().unwrap(),
            alpha: 0.05,
            alternative,
        };
        for (design, name, effect) in [
            (Design::Proportions, "proportions", 0.02),
            (Design::Arcsine, "arcsine", 0.02),
            (Design::Means { stddev: 1.0 }, "means", 0.1),
        ] {
            close(Plan { design, ..plan }.power(sign * effect, rows), row[name].as_f64().unwrap(), &(row, name));
        }
    }
    let plan =
        Plan { design: Design::Arcsine, baseline: 0.1, ratio: 1.0, alpha: 0.05, alternative: Alternative::TwoSided };
    close(plan.rows(0.02, 0.8).unwrap(), fixture["sizes"]["arcsine"].as_f64().unwrap(), &plan);
    let means = Plan { design: Design::Means { stddev: 2.0 }, ..plan };
    close(means.rows(0.2, 0.8).unwrap(), fixture["sizes"]["means"].as_f64().unwrap(), &means);
}

#[test]
fn boundaries_and_beliefs_are_those_of_finer_integrals() {
    let fixture = fixture();
    for row in fixture["boundaries"].as_array().unwrap() {
        let spending = Spending::parse(row["spending"].as_str().unwrap()).unwrap();
        let found = boundaries(&list(&row["information"]), 0.05, spending, true, &Control::default()).unwrap();
        for (found, expected) in found.iter().zip(list(&row["z"])) {
            close(found.z, expected, row);
        }
    }
    let arms: Vec<Posterior> = fixture["best"]["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(list)
        .map(|p| Posterior::Beta { a: p[0], b: p[1] })
        .collect();
    let found = best(&arms, &Control::default()).unwrap();
    found.probability.iter().zip(list(&fixture["best"]["probability"])).for_each(|(f, e)| close(*f, e, &arms));
}

#[test]
fn policies_are_judged_by_the_formulas() {
    let fixture = &fixture()["policy"];
    let row =
        |v: Vec<f64>| Logged { reward: v[0], propensity: v[1], policy: v[2], predicted: v[3], predicted_policy: v[4] };
    let mut rows: Vec<Logged> = fixture["rows"].as_array().unwrap().iter().map(list).map(row).collect();
    let (values, weights) = judge(&mut rows, None, 0.05, true, &Control::default()).unwrap();
    assert_eq!(values.len(), 5);
    for value in values {
        let expected = list(&fixture[value.estimator]);
        close(value.value.unwrap(), expected[0], &value);
        close(value.error.unwrap(), expected[1], &value);
        close(value.interval.unwrap().1, expected[0] + d::normal_isf(0.025) * expected[1], &value);
    }
    close(weights.effective, fixture["effective"].as_f64().unwrap(), &weights);
    close(weights.mean, fixture["mean"].as_f64().unwrap(), &weights);
}
