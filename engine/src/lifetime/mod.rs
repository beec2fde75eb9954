//! What customers are worth: whether they are still there, how often they will buy, what they will spend, and how many of a cohort come back.
//!
//! * [`events`]: purchases by customer and day.
//! * [`bgnbd`]: when customers buy and when they leave.
//! * [`spend`]: what they spend.
//! * [`maximum`]: the maximum of a likelihood.
//! * [`worth`]: both together.
//! * [`trial`] says how good that would have been.
//! * [`cohorts`] has the retention.

pub mod bgnbd;
pub mod cohorts;
pub mod events;
pub mod maximum;
pub mod spend;
pub mod trial;
pub mod worth;
