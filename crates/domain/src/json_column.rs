//! Stores a struct as a JSON document.

/// Lets diesel write and read `$type` as `jsonb`.
macro_rules! json_column {
    ($type:ty) => {
        impl diesel::serialize::ToSql<diesel::sql_types::Jsonb, diesel::pg::Pg> for $type {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                // The version of jsonb's binary form.
                std::io::Write::write_all(out, &[1])?;
                serde_json::to_writer(out, self)?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Jsonb, diesel::pg::Pg> for $type {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                match value.as_bytes() {
                    [1, document @ ..] => Ok(serde_json::from_slice(document)?),
                    _ => Err("jsonb in an unknown form".into()),
                }
            }
        }
    };
}

pub(crate) use json_column;
