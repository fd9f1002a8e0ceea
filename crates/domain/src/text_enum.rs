//! Enums that are a word in the database, in JSON and in the API's description, the same one everywhere.

/// Defines an enum whose names, in the given case, are what is stored and sent. The case is a `tt`: as a `literal` it
/// would reach utoipa within an invisible group, which it passes over, and the API's description would have other names.
macro_rules! text_enum {
    ($case:tt, $(#[$attribute:meta])* pub enum $name:ident { $($variants:tt)* }) => {
        $(#[$attribute])*
        #[derive(
            Debug,
            Clone,
            Copy,
            PartialEq,
            Eq,
            serde::Serialize,
            serde::Deserialize,
            utoipa::ToSchema,
            strum::AsRefStr,
            strum::EnumString,
            diesel::expression::AsExpression,
            diesel::deserialize::FromSqlRow,
        )]
        #[serde(rename_all = $case)]
        #[strum(serialize_all = $case)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($variants)* }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                std::io::Write::write_all(out, self.as_ref().as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = std::str::from_utf8(value.as_bytes())?;
                text.parse().map_err(|_| format!("{text:?} is no {}", stringify!($name)).into())
            }
        }
    };
}

pub(crate) use text_enum;
