//! The power goes after each step of each flow: after each commit, before each call to a carrier or phone and before each
//! answer is heard. The house starts again on what was on the disk. Whoever saw no acknowledgement tries again, as carriers,
//! phones and browsers do; whoever saw one does not. Nothing acknowledged is lost, nobody is texted twice.

#[path = "restart/files.rs"]
mod files;
#[path = "restart/story.rs"]
mod story;
#[path = "flows/world/mod.rs"]
mod world;

use depesche::domain::delivery::{DeliveryState, SendError};
use depesche::flow::desk::Rules;
use files::Gives;
use std::time::Duration;
use story::Act::*;
use story::{Carrier, Who, survives, survives_with};
use world::house::{ANNAS, SALES, SUPPORT};
use world::outside::Reply;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_customer_s_text_to_a_queue() {
    survives(&[EveryoneRegisters, Webhook("in-1", SALES, &["Two wheels"])], |end| {
        end.filed("Two wheels", 1);
        end.shown(Who::Anna, &["Two wheels"]);
        end.shown(Who::Ben, &["Two wheels"]);
        end.session("waiting Sales");
    })
    .await;
}

#[tokio::test]
async fn several_texts_in_one_webhook() {
    survives(&[EveryoneRegisters, Webhook("in-1", ANNAS, &["one", "two", "three"])], |end| {
        for words in ["one", "two", "three"] {
            end.filed(words, 1);
        }
        end.shown(Who::Anna, &["one", "two", "three"]);
    })
    .await;
}

#[tokio::test]
async fn a_text_that_waits_for_a_phone() {
    survives(&[Webhook("in-1", ANNAS, &["first"]), Webhook("in-2", ANNAS, &["second"]), Registers(Who::Anna)], |end| {
        end.filed("first", 1);
        end.filed("second", 1);
        end.shown(Who::Anna, &["first", "second"]);
    })
    .await;
}

#[tokio::test]
async fn a_text_whose_time_runs_out() {
    survives(&[Webhook("in-1", ANNAS, &["too late"]), Pass(73 * 60 * MINUTE), Janitor, Registers(Who::Anna)], |end| {
        end.filed("too late", 1);
        end.shown(Who::Anna, &[]);
        end.timeline(&["opened -> 1001 Anna", "expired -> 1001 Anna"]);
    })
    .await;
}

#[tokio::test]
async fn the_whole_way_there_and_back() {
    let story = [
        EveryoneRegisters,
        Webhook("in-1", SUPPORT, &["It squeaks"]),
        PhoneWrites(Who::Ben, "Bring it in", "call-1"),
        Reports("Bring it in", DeliveryState::Sent),
        Reports("Bring it in", DeliveryState::Delivered),
        Webhook("in-2", SUPPORT, &["Coming"]),
    ];
    survives(&story, |end| {
        end.filed("It squeaks", 1);
        end.filed("Bring it in", 1);
        end.session("held 1002");
        end.ends_well("Bring it in", "delivered");
        end.shown(Who::Ben, &["It squeaks", "Coming"]);
        end.shown(Who::Anna, &["It squeaks", "[1002 Ben has taken the conversation with +15550100150]"]);
        end.timeline(&["opened -> Support", "picked_up by 1002 Ben: Support -> 1002 Ben"]);
    })
    .await;
}

#[tokio::test]
async fn a_report_that_overtakes_the_answer() {
    let story = [
        CarrierDoes(Reply::Hold),
        PhoneWrites(Who::Anna, "Your bike is ready", "call-1"),
        Reports("Your bike is ready", DeliveryState::Delivered),
        LetGo,
    ];
    survives(&story, |end| {
        end.filed("Your bike is ready", 1);
        end.ends_well("Your bike is ready", "delivered");
    })
    .await;
}

#[tokio::test]
async fn three_answers_to_one_customer() {
    let story =
        [PortalWrites("one", "client-1"), PortalWrites("two", "client-2"), PhoneWrites(Who::Anna, "three", "call-3")];
    survives(&story, |end| {
        for words in ["one", "two", "three"] {
            end.filed(words, 1);
            end.ends_well(words, "sent");
        }
        end.in_order(&["one", "two", "three"]);
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_is_down_and_comes_back() {
    let down = || CarrierDoes(Reply::Refuse(SendError::Unreachable { why: "connection refused".into() }));
    let story = [down(), down(), PortalWrites("patience", "client-1"), Pass(MINUTE), Pass(MINUTE)];
    survives(&story, |end| {
        end.filed("patience", 1);
        end.ends_well("patience", "sent");
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_takes_it_and_says_nothing() {
    let story = [CarrierDoes(Reply::TakeSilently), PortalWrites("hello?", "client-1"), Pass(10 * MINUTE)];
    survives(&story, |end| {
        end.filed("hello?", 1);
        end.ends_well("hello?", "sent");
        match end.carrier {
            Carrier::Plain => end.stands("hello?", "uncertain"),
            Carrier::TakesAKeyOnce | Carrier::CanBeAsked => end.stands("hello?", "sent"),
        }
    })
    .await;
}

#[tokio::test]
async fn picked_up_transferred_and_ended() {
    let story = [
        EveryoneRegisters,
        Webhook("in-1", SALES, &["Two wheels"]),
        PicksUp(Who::Anna),
        TransfersTo(Who::Cleo),
        Ends(Who::Cleo),
    ];
    survives(&story, |end| {
        end.filed("Two wheels", 1);
        end.session("closed");
        end.shown(Who::Anna, &["Two wheels"]);
        end.shown(Who::Cleo, &["Two wheels"]);
        end.timeline(&[
            "opened -> Sales",
            "picked_up by 1001 Anna: Sales -> 1001 Anna",
            "transferred by 1001 Anna: 1001 Anna -> 1003 Cleo",
            "ended by 1003 Cleo",
        ]);
    })
    .await;
}

/// With an address that links lead to.
fn with_address() -> Rules {
    let base = Some("https://sms.example.com".to_owned());
    Rules { public_base_url: base.clone(), phone_base_url: base, ..Rules::default() }
}

#[tokio::test]
async fn files_that_come_with_a_text_to_a_queue() {
    let story = [
        EveryoneRegisters,
        OnShelf("a.jpg", Gives::Always),
        OnShelf("b.jpg", Gives::Always),
        CustomerSends("in-1", SALES, "Two wheels", &["a.jpg", "b.jpg", "gone.jpg"]),
        Fetches,
    ];
    survives_with(&with_address(), &story, |end| {
        end.filed("Two wheels", 1);
        end.has_files("Two wheels", &["a.jpg here", "b.jpg here", "gone.jpg failed"]);
        let gone = "[gone.jpg: The carrier no longer has the file";
        for who in [Who::Anna, Who::Ben] {
            end.shown_with_files(who, &["Two wheels", "[Picture a.jpg", "[Picture b.jpg", gone]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_alone_that_its_carrier_gives_later_to_a_phone_that_comes_later() {
    let story = [
        OnShelf("a.jpg", Gives::NotNow),
        CustomerSends("in-1", ANNAS, "", &["a.jpg"]),
        Fetches,
        Registers(Who::Anna),
        OnShelf("a.jpg", Gives::Always),
        Pass(MINUTE),
        Fetches,
    ];
    survives_with(&with_address(), &story, |end| {
        end.filed("", 1);
        end.has_files("", &["a.jpg here"]);
        end.shown_with_files(Who::Anna, &["[1 file]", "[Picture a.jpg"]);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_its_carrier_gives_once() {
    let story =
        [EveryoneRegisters, OnShelf("a.jpg", Gives::Once), CustomerSends("in-1", ANNAS, "", &["a.jpg"]), Fetches];
    survives_with(&with_address(), &story, |end| {
        end.filed("", 1);
        end.is_here_or_said_to_be_gone(Who::Anna, "a.jpg");
    })
    .await;
}

#[tokio::test]
async fn a_message_with_files_from_the_portal() {
    let story = [Uploads("a.jpg"), Uploads("b.jpg"), PortalSends("Our offer", "client-1", &["a.jpg", "b.jpg"])];
    survives_with(&with_address(), &story, |end| {
        end.filed("Our offer", 1);
        end.has_files("Our offer", &["a.jpg here", "b.jpg here"]);
        end.ends_well("Our offer", "sent");
    })
    .await;
}

#[tokio::test]
async fn a_message_whose_file_goes_as_a_link() {
    let story = [TakesNoMms, Uploads("a.jpg"), PortalSends("See here", "client-1", &["a.jpg"])];
    survives_with(&with_address(), &story, |end| {
        end.filed("See here", 1);
        end.has_files("See here", &["a.jpg here"]);
        end.got_a_link("See here");
    })
    .await;
}

#[tokio::test]
async fn a_file_from_a_phone_and_its_answer_with_one() {
    let story = [
        EveryoneRegisters,
        PhoneSends(Who::Anna, "a.jpg", "call-1"),
        OnShelf("b.jpg", Gives::Always),
        CustomerSends("in-1", ANNAS, "Nice", &["b.jpg"]),
        Fetches,
    ];
    survives_with(&with_address(), &story, |end| {
        end.has_files("", &["a.jpg here"]);
        end.ends_well("", "sent");
        end.has_files("Nice", &["b.jpg here"]);
        end.shown_with_files(Who::Anna, &["Nice", "[Picture b.jpg"]);
    })
    .await;
}
