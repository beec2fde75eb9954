//! Orchard: machine learning for marketing analysts, inside PostgreSQL, in SQL.
//!
//! This crate is the Postgres layer: it reads sources, keeps models, and hands the work to `orchard-engine`, which knows nothing of
//! Postgres. It is the only place that names `pg_sys`. The SQL objects are in `sql/orchard--0.1.0.sql`, written by hand.

mod aggregate;
mod api;
mod call;
mod catalog;
mod compat;
mod entry;
mod error;
mod interrupt;
mod json;
mod set;
mod settings;
mod source;
mod text;

pgrx::pg_module_magic!();

/// Called by the server when the library is loaded.
#[pgrx::prelude::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::define();
    catalog::changes::listen();
    call::batch::register();
}
