//! How channels and numbers send is changed: pools, the second way, validity, look-alikes, prices.

use crate::domain::event::Event;
use crate::domain::id::{ChannelId, NumberId};
use crate::domain::price::Price;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::handle::Tx;
use crate::store::sending::{ChannelSending, NumberSending, PriceRow};
use std::collections::HashSet;
use std::time::Duration;

/// More prices than countries have networks nobody keeps by hand.
const PRICES_MAX: usize = 500;
const VALID_MIN: Duration = Duration::from_secs(60);
const VALID_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// One price as an admin writes it.
#[derive(Clone, Debug)]
pub struct PriceForm {
    /// The beginning of the recipient's number; empty: any.
    pub prefix: String,
    /// The amount for one segment, such as `0.0079`.
    pub amount: String,
    /// Three letters.
    pub currency: String,
}

/// How a channel sends, as an admin writes it.
#[derive(Clone, Debug)]
pub struct SendingForm {
    /// How long a message may wait.
    pub valid_for: Option<Duration>,
    /// The second way.
    pub fallback: Option<NumberId>,
    /// Whether look-alikes are replaced.
    pub smart: bool,
    /// What segments cost.
    pub prices: Vec<PriceForm>,
}

/// Changes how a channel sends.
pub async fn change_channel(desk: &Desk, channel: ChannelId, form: SendingForm) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            let sending = checked(tx, channel, form)?;
            tx.set_channel_sending(channel, &sending)?;
            tx.emit(Event::SettingsChanged);
            tx.emit(Event::OutboxRung);
            Ok(())
        })
        .await
}

/// Changes how a number sends.
pub async fn change_number(desk: &Desk, number: NumberId, mut form: NumberSending) -> Result<(), FlowError> {
    form.pool = form.pool.map(|pool| pool.trim().to_owned()).filter(|pool| !pool.is_empty());
    if form.pool.as_ref().is_some_and(|pool| pool.chars().count() > 80 || pool.chars().any(char::is_control)) {
        return Err(FlowError::invalid(
            "pool",
            ("at most 80 characters on one line", "höchstens 80 Zeichen in einer Zeile"),
        ));
    }
    desk.store
        .write(move |tx| {
            tx.our_number(number)?.ok_or(FlowError::NotFound("number"))?;
            tx.set_number_sending(number, &form)?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

fn checked(tx: &Tx<'_>, channel: ChannelId, form: SendingForm) -> Result<ChannelSending, FlowError> {
    let own = tx.channel(channel)?.ok_or(FlowError::NotFound("channel"))?;
    if form.valid_for.is_some_and(|time| !(VALID_MIN..=VALID_MAX).contains(&time)) {
        return Err(FlowError::invalid(
            "valid_for_s",
            (
                "between a minute and seven days, or empty for the usual 10 hours",
                "zwischen einer Minute und sieben Tagen, oder leer für die üblichen 10 Stunden",
            ),
        ));
    }
    if let Some(fallback) = form.fallback {
        let Some(number) = tx.our_number(fallback)? else {
            return Err(FlowError::invalid(
                "fallback",
                ("it does not exist (any more): choose another", "sie gibt es nicht (mehr): bitte eine andere wählen"),
            ));
        };
        if number.trunk == own.trunk {
            return Err(FlowError::invalid(
                "fallback",
                (
                    "it is on the same trunk: choose a number of another one",
                    "sie liegt auf derselben Leitung: bitte eine Rufnummer einer anderen wählen",
                ),
            ));
        }
        if number.kind != own.kind {
            return Err(FlowError::invalid(
                "fallback",
                (
                    format!("it does not speak {}", own.kind.as_str()),
                    format!("sie spricht nicht {}", own.kind.as_str()),
                ),
            ));
        }
    }
    Ok(ChannelSending {
        valid_for: form.valid_for,
        fallback: form.fallback,
        smart: form.smart,
        prices: checked_prices(form.prices)?,
    })
}

fn checked_prices(rows: Vec<PriceForm>) -> Result<Vec<PriceRow>, FlowError> {
    if rows.len() > PRICES_MAX {
        return Err(FlowError::invalid(
            "prices",
            (
                format!("{} rows; at most {PRICES_MAX}", rows.len()),
                format!("{} Zeilen; höchstens {PRICES_MAX}", rows.len()),
            ),
        ));
    }
    let mut seen = HashSet::new();
    let mut prices = Vec::new();
    for (row, at) in rows.into_iter().zip(1..) {
        let prefix = row.prefix.trim().to_owned();
        let digits = prefix.strip_prefix('+').unwrap_or(&prefix);
        let fits = prefix.is_empty()
            || (prefix.starts_with('+')
                && (1..=15).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit()));
        if !fits {
            return Err(FlowError::invalid(
                "prices",
                (
                    format!("row {at}: a prefix such as +49, or empty for any number"),
                    format!("Zeile {at}: eine Vorwahl wie +49, oder leer für jede Rufnummer"),
                ),
            ));
        }
        let Some(price) = Price::read(&row.amount, row.currency.trim()) else {
            return Err(FlowError::invalid(
                "prices",
                (
                    format!("row {at}: an amount such as 0.0079 and a currency such as EUR"),
                    format!("Zeile {at}: ein Betrag wie 0,0079 und eine Währung wie EUR"),
                ),
            ));
        };
        if !seen.insert(prefix.clone()) {
            return Err(FlowError::invalid(
                "prices",
                (format!("row {at}: {prefix:?} is there twice"), format!("Zeile {at}: {prefix:?} steht doppelt da")),
            ));
        }
        prices.push(PriceRow { prefix, price });
    }
    Ok(prices)
}
