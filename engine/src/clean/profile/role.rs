//! What a column is.

/// The role of a column. The names are public: `orchard.profile` returns them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Numbers.
    Number,
    /// Texts that are numbers.
    NumberInText,
    /// Truth values, or numbers that are only 0 and 1.
    Boolean,
    /// Texts that are truth values.
    BooleanInText,
    /// Dates.
    Date,
    /// Texts that are dates.
    DateInText,
    /// Moments.
    Timestamp,
    /// Texts that are moments.
    TimestampInText,
    /// Lengths of time.
    Interval,
    /// A text of a few different ones.
    Category,
    /// Another value in every row, without a meaning of its own.
    Id,
    /// Texts that people wrote.
    FreeText,
    /// One value in every row.
    Constant,
    /// No value at all.
    Empty,
    /// E-mail addresses.
    Email,
    /// Telephone numbers.
    Phone,
    /// Numbers of payment cards.
    Card,
    /// Numbers of bank accounts.
    Iban,
    /// Internet addresses.
    Ip,
    /// A type of which only the NULLs are counted.
    Other,
}

impl Role {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Number => "number",
            Role::NumberInText => "number_in_text",
            Role::Boolean => "boolean",
            Role::BooleanInText => "boolean_in_text",
            Role::Date => "date",
            Role::DateInText => "date_in_text",
            Role::Timestamp => "timestamp",
            Role::TimestampInText => "timestamp_in_text",
            Role::Interval => "interval",
            Role::Category => "category",
            Role::Id => "id",
            Role::FreeText => "free_text",
            Role::Constant => "constant",
            Role::Empty => "empty",
            Role::Email => "email",
            Role::Phone => "phone",
            Role::Card => "card",
            Role::Iban => "iban",
            Role::Ip => "ip",
            Role::Other => "other",
        }
    }

    /// Whether its values say who a person is.
    pub fn is_personal(self) -> bool {
        matches!(self, Role::Email | Role::Phone | Role::Card | Role::Iban | Role::Ip)
    }
}

/// How a column's values reach the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of an integer type.
    Integer,
    /// Numbers of another number type.
    Number,
    /// Truth values as 0 and 1.
    Boolean,
    /// Days since 2000-01-01.
    Date,
    /// Seconds since 2000-01-01.
    Timestamp,
    /// The same in UTC, which are others on the clocks of a zone.
    Timestamptz,
    /// Seconds.
    Interval,
    /// Texts.
    Text,
    /// Bytes that stand for a value: a label of an enum, a uuid.
    Code,
    /// Bytes that stand for an amount, as of the type `money`: no names of rows, though each may be another one.
    Amount,
    /// Nothing but whether there is a value.
    Opaque,
}
