//! Where a user's phones can be reached: REGISTER (RFC 3261 10.3) as a pure function over bindings.
//! Who may register is known before (`digest`); keeping the bindings is the store's.

pub mod answer;
pub mod binding;
pub mod contact;
pub mod register;
