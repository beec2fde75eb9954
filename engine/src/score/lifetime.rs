//! What a customer is expected to buy, or is worth.

use crate::lifetime::events::Customer;
use crate::lifetime::worth::{Ahead, Amounts};
use crate::model::lifetime::Lifetime;

/// About how many nanoseconds a prediction takes, for each period that is discounted by itself.
const NANOSECONDS: f64 = 500.0;

/// The same of a model.
pub(super) fn nanoseconds(body: &Lifetime) -> f64 {
    let each = if body.discount_rate > 0.0 && body.amounts != Amounts::None { body.horizon.max(1.0) } else { 1.0 };
    NANOSECONDS * each
}

/// More purchases than this are none of a customer.
const MOST: f64 = 1e6;

/// The customer of a row: frequency, recency, age and mean amount; `None` where these are no customer's.
fn customer(row: &[f64]) -> Option<Customer> {
    let [frequency, recency, age, amount @ ..] = row else { return None };
    let is_one = (0.0..=MOST).contains(frequency) && *recency >= 0.0 && recency <= age && age.is_finite();
    let amount = amount.first().copied().unwrap_or(0.0);
    is_one.then_some(Customer {
        customer: 0,
        rows: 0,
        frequency: *frequency as u32,
        recency: *recency,
        age: *age,
        spend: amount,
    })
}

/// The value of the customer that stands in a row, or the purchases to expect where there are no amounts; NaN where no customer does.
pub(super) fn predict(body: &Lifetime, row: &[f64]) -> f64 {
    let Some(customer) = customer(row) else { return f64::NAN };
    let has_amounts = body.amounts != Amounts::None;
    let ahead = Ahead { horizon: body.horizon, discount_rate: if has_amounts { body.discount_rate } else { 0.0 } };
    let (_, purchases) = ahead.purchases(&customer, &body.times);
    if !has_amounts {
        return purchases;
    }
    // Whose amounts are not known is taken to spend what all do.
    let spends = match customer.spend.is_finite() {
        true => customer,
        false => Customer { frequency: 0, spend: 0.0, ..customer },
    };
    body.amounts.of(&spends).map_or(f64::NAN, |amount| amount * purchases)
}
