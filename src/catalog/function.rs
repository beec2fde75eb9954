//! The function of a model: what an analyst calls, and the anchor of owner and rights.

use std::cell::Cell;
use std::ffi::CStr;

use pgrx::pg_sys::{self, Oid};
use pgrx::spi::{quote_identifier, quote_qualified_identifier};
use pgrx::{PgSqlErrorCode, Spi};

use super::owner::with_safe_path;
use super::relations::{self, Id};
use super::{id_text, store, Found};
use crate::error::{Failure, Result};
use crate::source::types;

/// A function of PostgreSQL has at most 100 arguments; one is the model's id.
pub const MOST_ARGUMENTS: usize = 99;

/// An argument of the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The name of the column.
    pub name: String,
    /// The type of the argument.
    pub oid: Oid,
}

/// What the function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// A probability or a value.
    Number,
    /// A label.
    Label,
    /// The number of a segment.
    Segment,
    /// An array of components.
    Components,
}

impl Returns {
    fn oid(self) -> Oid {
        match self {
            Returns::Number => pg_sys::FLOAT8OID,
            Returns::Label => pg_sys::TEXTOID,
            Returns::Segment => pg_sys::INT4OID,
            Returns::Components => pg_sys::FLOAT8ARRAYOID,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Returns::Number => "number",
            Returns::Label => "label",
            Returns::Segment => "segment",
            Returns::Components => "components",
        }
    }
}

/// The signature of a model's function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its arguments; one of type anyelement when there are more columns than arguments can be.
    pub arguments: Vec<Argument>,
    /// What it returns.
    pub returns: Returns,
}

impl Signature {
    /// The signature for columns of these names and argument types.
    pub fn new(columns: Vec<Argument>, returns: Returns) -> Self {
        if columns.len() > MOST_ARGUMENTS {
            let row = Argument { name: "row".into(), oid: pg_sys::ANYELEMENTOID };
            return Signature { arguments: vec![row], returns };
        }
        Signature { arguments: columns, returns }
    }

    /// The signature for the columns of a model and the types that its arguments have; `None` where these do not belong together.
    pub fn of(names: &[&str], types: &[Oid], returns: Returns) -> Option<Self> {
        if names.len() > MOST_ARGUMENTS {
            return Some(Signature::new(
                names.iter().map(|_| Argument { name: String::new(), oid: Oid::INVALID }).collect(),
                returns,
            ));
        }
        let argument = |(name, oid): (&&str, &Oid)| Argument { name: (*name).to_owned(), oid: *oid };
        (names.len() == types.len())
            .then(|| Signature { arguments: names.iter().zip(types).map(argument).collect(), returns })
    }

    /// Whether the function takes the whole row as its one argument.
    fn takes_row(&self) -> bool {
        self.arguments.iter().any(|a| a.oid == pg_sys::ANYELEMENTOID)
    }
}

thread_local! {
    static REMAKING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the function of a model is just being replaced, so that its drop does not drop the model.
pub fn is_remaking() -> bool {
    REMAKING.get()
}

struct Remaking;

impl Remaking {
    fn begin() -> Self {
        REMAKING.set(true);
        Remaking
    }
}

impl Drop for Remaking {
    fn drop(&mut self) {
        REMAKING.set(false);
    }
}

/// A function as GRANT and DROP name it: schema, name and argument types.
pub fn identity(function: Oid) -> String {
    // SAFETY: a palloc'ed C string for any oid.
    unsafe {
        let text = pg_sys::format_procedure_qualified(function);
        CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}

/// How to call the function of a model.
pub fn call_name(schema: &str, name: &str) -> String {
    quote_qualified_identifier(schema, &format!("predict_{name}"))
}

/// The right to create in the schema, which a function that is made, or made anew with other arguments, needs.
pub fn check_create(schema: &str, name: &str) -> Result<()> {
    let user = relations::current_user();
    if crate::compat::may_create(schema, user)? {
        return Ok(());
    }
    Err(Failure::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, format!("permission denied for schema {schema}"))
        .detail(format!("The function of model \"{name}\" is made there."))
        .hint(format!(
            "Run GRANT CREATE ON SCHEMA {} TO {}; or set search_path to a schema of your own.",
            quote_identifier(schema),
            quote_identifier(relations::role_name(user))
        )))
}

/// What `CREATE FUNCTION` will need, checked before a row is read: the right to create in the schema, a name that is free or ours.
pub fn check_name(schema: &str, name: &str, existing: Option<&Id>) -> Result<()> {
    if existing.is_none() {
        check_create(schema, name)?;
    }
    if let Some(id) = existing {
        if relations::function(schema, name, id)?.is_some() {
            return Ok(());
        }
    }
    let sql = "SELECT p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc AS p
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
        WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name AND p.proname OPERATOR(pg_catalog.=) $2::pg_catalog.name LIMIT 1";
    match first_text(sql, schema, &format!("predict_{name}"))? {
        None => Ok(()),
        Some(function) => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DUPLICATE_FUNCTION,
            format!("function {function} already exists and was not made by Orchard"),
        )
        .hint("Choose another name for the model, or drop the function.")),
    }
}

fn first_text(sql: &str, a: &str, b: &str) -> Result<Option<String>> {
    with_safe_path(|| {
        Spi::connect(|client| {
            let rows = client.select(sql, Some(1), &[a.into(), b.into()])?;
            match rows.first().get_one::<String>() {
                Ok(text) => Ok(text),
                Err(pgrx::spi::Error::InvalidPosition) => Ok(None),
                Err(e) => Err(e.into()),
            }
        })
    })
}

/// What depends on a function, in words; empty when nothing does.
pub fn dependents(function: Oid) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT CASE WHEN r.oid IS NULL THEN pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
            ELSE pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class, 0) END
        FROM pg_catalog.pg_depend AS d
        LEFT JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
        WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = $1 AND d.deptype = 'n' ORDER BY 1";
    with_safe_path(|| {
        Spi::connect(|client| {
            let rows = client.select(sql, None, &[function.into()])?;
            let mut out = Vec::new();
            for row in rows {
                out.extend(row.get::<String>(1)?);
            }
            Ok(out)
        })
    })
}

/// The types, names and result of the function as it is.
fn current_signature(function: Oid) -> Result<(String, Vec<String>, Oid)> {
    with_safe_path(|| {
        Spi::connect(|client| {
            let sql =
                "SELECT proargtypes::text, proargnames::text[], prorettype FROM pg_catalog.pg_proc WHERE oid = $1";
            let rows = client.select(sql, Some(1), &[function.into()])?;
            if rows.is_empty() {
                return Err(store::meanwhile("the function of the model was dropped meanwhile"));
            }
            let rows = rows.first();
            Ok((
                rows.get::<String>(1)?.unwrap_or_default(),
                rows.get::<Vec<Option<String>>>(2)?.unwrap_or_default().into_iter().flatten().collect(),
                rows.get::<Oid>(3)?.unwrap_or(Oid::INVALID),
            ))
        })
    })
}

/// Whether the function of a model has this signature already.
pub fn has_signature(function: Oid, signature: &Signature) -> Result<bool> {
    let (types, names, returns) = current_signature(function)?;
    let wanted: Vec<String> = signature.arguments.iter().map(|a| a.oid.to_u32().to_string()).collect();
    Ok(types == wanted.join(" ")
        && names.iter().eq(signature.arguments.iter().map(|a| &a.name))
        && returns == signature.returns.oid())
}

/// The error for a changed signature that something stands on.
pub fn check_replaceable(found: &Found) -> Result<()> {
    let dependents = dependents(found.function)?;
    if dependents.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        format!(
            "cannot change the arguments of function {} because other objects depend on it",
            identity(found.function)
        ),
    )
    .detail(format!("It is used by: {}.", dependents.join(", ")))
    .hint("Take the same columns, drop what depends on it, or train with options => '{\"deploy\": false}'."))
}

/// Make the function of a model.
pub fn create(schema: &str, name: &str, id: &Id, signature: &Signature, comment: &str) -> Result<()> {
    let arguments: Vec<String> = signature
        .arguments
        .iter()
        .map(|a| format!("{} {}", quote_identifier(&a.name), types::type_name(a.oid)))
        .collect();
    let places: Vec<String> = (1..=arguments.len()).map(|i| format!("${i}")).collect();
    let qualified = call_name(schema, name);
    let inner = if signature.takes_row() { "score_row_" } else { "score_" };
    let type_list: Vec<String> = signature.arguments.iter().map(|a| types::type_name(a.oid)).collect();
    let target = format!("{qualified}({})", type_list.join(", "));
    with_safe_path(|| {
        let call = format!(
            "orchard.{inner}{}('{}'::pg_catalog.uuid, {})",
            signature.returns.word(),
            id_text(id),
            places.join(", ")
        );
        // A SQL-standard body cannot have polymorphic arguments; in a quoted one every name is qualified, so no path can bend it.
        let body = match signature.takes_row() {
            true => format!("AS {}", pgrx::spi::quote_literal(format!("SELECT {call}"))),
            false => format!("RETURN {call}"),
        };
        Spi::run(&format!(
            "CREATE FUNCTION {qualified}({}) RETURNS {} LANGUAGE sql STABLE PARALLEL SAFE COST 100 {body}",
            arguments.join(", "),
            types::type_name(signature.returns.oid()),
        ))?;
        let types: Vec<Oid> = signature.arguments.iter().map(|a| a.oid).collect();
        store::set_arguments(id, &types)?;
        Spi::run(&format!("REVOKE ALL ON FUNCTION {target} FROM PUBLIC"))?;
        Spi::run(&format!("COMMENT ON FUNCTION {target} IS {}", pgrx::spi::quote_literal(comment)))?;
        Ok(())
    })
}

/// Drop the function of a model and make it anew with other arguments, with its owner and grants.
pub fn remake(found: &Found, signature: &Signature, comment: &str) -> Result<()> {
    let row = &found.row;
    check_create(&row.schema, &row.name)?;
    let owner =
        relations::function_owner(found.function).ok_or_else(|| Failure::internal("a function has no owner"))?;
    let grants = grants(found.function)?;
    let remaking = Remaking::begin();
    with_safe_path(|| Ok(Spi::run(&format!("DROP FUNCTION {}", identity(found.function)))?))?;
    drop(remaking);
    create(&row.schema, &row.name, &row.id, signature, comment)?;
    let function = relations::function(&row.schema, &row.name, &row.id)?
        .ok_or_else(|| Failure::internal("the function of the model was not made"))?;
    let target = identity(function);
    with_safe_path(|| {
        for (grantee, grantable) in &grants {
            let option = if *grantable { " WITH GRANT OPTION" } else { "" };
            Spi::run(&format!("GRANT EXECUTE ON FUNCTION {target} TO {grantee}{option}"))?;
        }
        if owner != relations::current_user() {
            let owner = quote_identifier(relations::role_name(owner));
            Spi::run(&format!("ALTER FUNCTION {target} OWNER TO {owner}"))?;
        }
        Ok(())
    })
}

/// Who besides the owner may execute the function (quoted, or PUBLIC), and whether they may grant it on.
fn grants(function: Oid) -> Result<Vec<(String, bool)>> {
    let sql = "SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
            a.is_grantable
        FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(p.proacl) AS a
        WHERE p.oid = $1 AND a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner";
    with_safe_path(|| {
        Spi::connect(|client| {
            let mut out = Vec::new();
            for row in client.select(sql, None, &[function.into()])? {
                if let (Some(grantee), Some(grantable)) = (row.get::<String>(1)?, row.get::<bool>(2)?) {
                    out.push((grantee, grantable));
                }
            }
            Ok(out)
        })
    })
}

/// Whether training on these columns can leave the function as it is: every argument is still there in its order and type. (A column
/// may yet be left out because it identifies its rows.)
pub fn may_have_signature(function: Oid, columns: Vec<Argument>) -> Result<bool> {
    let (types, names, _) = current_signature(function)?;
    let takes_row = names == ["row"] && types == pg_sys::ANYELEMENTOID.to_u32().to_string();
    if takes_row {
        return Ok(columns.len() > MOST_ARGUMENTS);
    }
    let types: Vec<&str> = types.split(' ').filter(|t| !t.is_empty()).collect();
    let mut at = 0;
    for column in &columns {
        let same =
            names.get(at) == Some(&column.name) && types.get(at) == Some(&column.oid.to_u32().to_string().as_str());
        at += usize::from(same);
    }
    Ok(at == names.len())
}

/// A quoted body leaves no trace of what it calls, so the dependency that DROP EXTENSION goes by is written here.
pub fn depend_on_extension(function: Oid, called: &CStr) {
    let address = |oid| pg_sys::ObjectAddress { classId: pg_sys::ProcedureRelationId, objectId: oid, objectSubId: 0 };
    // SAFETY: catalogue functions on the main thread.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"orchard".as_ptr(), true);
        let called = relations::function_of(schema, called);
        if called != Oid::INVALID {
            let normal = pg_sys::DependencyType::DEPENDENCY_NORMAL;
            pg_sys::recordDependencyOn(&address(function), &address(called), normal);
        }
    }
}
