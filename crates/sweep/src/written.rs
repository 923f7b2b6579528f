//! A value as a person writes it: a number, a list of numbers, or a table that stands for a list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A number, a list of numbers, or the table `T`.
#[derive(Clone, Debug, PartialEq)]
pub enum Written<T> {
    /// One number.
    One(f64),
    /// Several.
    List(Vec<f64>),
    /// A shorter way to say several.
    Table(T),
}

/// A number or a list of numbers.
pub type Numbers = Written<NoTable>;

/// A table that may stand where numbers are expected.
pub trait Form {
    /// What may be written, for messages.
    const FORM: &'static str;
}

/// No table is allowed; has no value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoTable {}

impl Form for NoTable {
    const FORM: &'static str = "a number or a list of numbers";
}

impl<'de> Deserialize<'de> for NoTable {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<NoTable, D::Error> {
        Err(serde::de::Error::custom(format!("a table stands here: expected {}", NoTable::FORM)))
    }
}

impl<'de, T: Deserialize<'de> + Form> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Written<T>, D::Error> {
        input.deserialize_any(WrittenVisitor(PhantomData))
    }
}

/// Written by hand because an untagged enum would swallow the reason why a value does not fit.
struct WrittenVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Form> Visitor<'de> for WrittenVisitor<T> {
    type Value = Written<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::FORM)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Written<T>, E> {
        Ok(Written::One(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Written<T>, E> {
        Ok(Written::One(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Written<T>, E> {
        Ok(Written::One(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Written<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Written::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Written<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(table)).map(Written::Table)
    }
}
