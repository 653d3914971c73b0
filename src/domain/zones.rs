//! Which time zones a country has: of the IANA database (zone.tab of 2026), one of each set that shows the same time from
//! 2026 on, and of North America's area codes those that lie in one zone as a whole.

use crate::domain::address::Address;

/// The zones of a country (ISO 3166), with blanks between. Left out is what lies between two others all year, where
/// nearly nobody lives, or what is not used by law.
const COUNTRIES: &[(&str, &str)] = &[
    ("AC", "Atlantic/St_Helena"),
    ("AD", "Europe/Andorra"),
    ("AE", "Asia/Dubai"),
    ("AF", "Asia/Kabul"),
    ("AG", "America/Antigua"),
    ("AI", "America/Anguilla"),
    ("AL", "Europe/Tirane"),
    ("AM", "Asia/Yerevan"),
    ("AO", "Africa/Luanda"),
    ("AR", "America/Argentina/Buenos_Aires"),
    ("AS", "Pacific/Pago_Pago"),
    ("AT", "Europe/Vienna"),
    ("AU", "Australia/Sydney Australia/Brisbane Australia/Perth"),
    ("AW", "America/Aruba"),
    ("AX", "Europe/Mariehamn"),
    ("AZ", "Asia/Baku"),
    ("BA", "Europe/Sarajevo"),
    ("BB", "America/Barbados"),
    ("BD", "Asia/Dhaka"),
    ("BE", "Europe/Brussels"),
    ("BF", "Africa/Ouagadougou"),
    ("BG", "Europe/Sofia"),
    ("BH", "Asia/Bahrain"),
    ("BI", "Africa/Bujumbura"),
    ("BJ", "Africa/Porto-Novo"),
    ("BL", "America/St_Barthelemy"),
    ("BM", "Atlantic/Bermuda"),
    ("BN", "Asia/Brunei"),
    ("BO", "America/La_Paz"),
    ("BQ", "America/Kralendijk"),
    ("BR", "America/Noronha America/Belem America/Campo_Grande America/Eirunepe"),
    ("BS", "America/Nassau"),
    ("BT", "Asia/Thimphu"),
    ("BW", "Africa/Gaborone"),
    ("BY", "Europe/Minsk"),
    ("BZ", "America/Belize"),
    (
        "CA",
        "America/St_Johns America/Halifax America/Toronto America/Winnipeg America/Regina America/Edmonton America/Vancouver",
    ),
    ("CC", "Indian/Cocos"),
    ("CD", "Africa/Kinshasa Africa/Lubumbashi"),
    ("CF", "Africa/Bangui"),
    ("CG", "Africa/Brazzaville"),
    ("CH", "Europe/Zurich"),
    ("CI", "Africa/Abidjan"),
    ("CK", "Pacific/Rarotonga"),
    ("CL", "America/Santiago America/Coyhaique Pacific/Easter"),
    ("CM", "Africa/Douala"),
    ("CN", "Asia/Shanghai"),
    ("CO", "America/Bogota"),
    ("CR", "America/Costa_Rica"),
    ("CU", "America/Havana"),
    ("CV", "Atlantic/Cape_Verde"),
    ("CW", "America/Curacao"),
    ("CX", "Indian/Christmas"),
    ("CY", "Asia/Nicosia"),
    ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"),
    ("DJ", "Africa/Djibouti"),
    ("DK", "Europe/Copenhagen"),
    ("DM", "America/Dominica"),
    ("DO", "America/Santo_Domingo"),
    ("DZ", "Africa/Algiers"),
    ("EC", "America/Guayaquil Pacific/Galapagos"),
    ("EE", "Europe/Tallinn"),
    ("EG", "Africa/Cairo"),
    ("EH", "Africa/El_Aaiun"),
    ("ER", "Africa/Asmara"),
    ("ES", "Europe/Madrid Atlantic/Canary"),
    ("ET", "Africa/Addis_Ababa"),
    ("FI", "Europe/Helsinki"),
    ("FJ", "Pacific/Fiji"),
    ("FK", "Atlantic/Stanley"),
    ("FM", "Pacific/Chuuk Pacific/Pohnpei"),
    ("FO", "Atlantic/Faroe"),
    ("FR", "Europe/Paris"),
    ("GA", "Africa/Libreville"),
    ("GB", "Europe/London"),
    ("GD", "America/Grenada"),
    ("GE", "Asia/Tbilisi"),
    ("GF", "America/Cayenne"),
    ("GG", "Europe/Guernsey"),
    ("GH", "Africa/Accra"),
    ("GI", "Europe/Gibraltar"),
    ("GL", "America/Nuuk America/Danmarkshavn America/Thule"),
    ("GM", "Africa/Banjul"),
    ("GN", "Africa/Conakry"),
    ("GP", "America/Guadeloupe"),
    ("GQ", "Africa/Malabo"),
    ("GR", "Europe/Athens"),
    ("GS", "Atlantic/South_Georgia"),
    ("GT", "America/Guatemala"),
    ("GU", "Pacific/Guam"),
    ("GW", "Africa/Bissau"),
    ("GY", "America/Guyana"),
    ("HK", "Asia/Hong_Kong"),
    ("HN", "America/Tegucigalpa"),
    ("HR", "Europe/Zagreb"),
    ("HT", "America/Port-au-Prince"),
    ("HU", "Europe/Budapest"),
    ("ID", "Asia/Jakarta Asia/Makassar Asia/Jayapura"),
    ("IE", "Europe/Dublin"),
    ("IL", "Asia/Jerusalem"),
    ("IM", "Europe/Isle_of_Man"),
    ("IN", "Asia/Kolkata"),
    ("IO", "Indian/Chagos"),
    ("IQ", "Asia/Baghdad"),
    ("IR", "Asia/Tehran"),
    ("IS", "Atlantic/Reykjavik"),
    ("IT", "Europe/Rome"),
    ("JE", "Europe/Jersey"),
    ("JM", "America/Jamaica"),
    ("JO", "Asia/Amman"),
    ("JP", "Asia/Tokyo"),
    ("KE", "Africa/Nairobi"),
    ("KG", "Asia/Bishkek"),
    ("KH", "Asia/Phnom_Penh"),
    ("KI", "Pacific/Tarawa Pacific/Kanton Pacific/Kiritimati"),
    ("KM", "Indian/Comoro"),
    ("KN", "America/St_Kitts"),
    ("KP", "Asia/Pyongyang"),
    ("KR", "Asia/Seoul"),
    ("KW", "Asia/Kuwait"),
    ("KY", "America/Cayman"),
    ("KZ", "Asia/Almaty"),
    ("LA", "Asia/Vientiane"),
    ("LB", "Asia/Beirut"),
    ("LC", "America/St_Lucia"),
    ("LI", "Europe/Vaduz"),
    ("LK", "Asia/Colombo"),
    ("LR", "Africa/Monrovia"),
    ("LS", "Africa/Maseru"),
    ("LT", "Europe/Vilnius"),
    ("LU", "Europe/Luxembourg"),
    ("LV", "Europe/Riga"),
    ("LY", "Africa/Tripoli"),
    ("MA", "Africa/Casablanca"),
    ("MC", "Europe/Monaco"),
    ("MD", "Europe/Chisinau"),
    ("ME", "Europe/Podgorica"),
    ("MF", "America/Marigot"),
    ("MG", "Indian/Antananarivo"),
    ("MH", "Pacific/Majuro"),
    ("MK", "Europe/Skopje"),
    ("ML", "Africa/Bamako"),
    ("MM", "Asia/Yangon"),
    ("MN", "Asia/Ulaanbaatar Asia/Hovd"),
    ("MO", "Asia/Macau"),
    ("MP", "Pacific/Saipan"),
    ("MQ", "America/Martinique"),
    ("MR", "Africa/Nouakchott"),
    ("MS", "America/Montserrat"),
    ("MT", "Europe/Malta"),
    ("MU", "Indian/Mauritius"),
    ("MV", "Indian/Maldives"),
    ("MW", "Africa/Blantyre"),
    (
        "MX",
        "America/Mexico_City America/Cancun America/Matamoros America/Ciudad_Juarez America/Mazatlan America/Tijuana",
    ),
    ("MY", "Asia/Kuala_Lumpur"),
    ("MZ", "Africa/Maputo"),
    ("NA", "Africa/Windhoek"),
    ("NC", "Pacific/Noumea"),
    ("NE", "Africa/Niamey"),
    ("NF", "Pacific/Norfolk"),
    ("NG", "Africa/Lagos"),
    ("NI", "America/Managua"),
    ("NL", "Europe/Amsterdam"),
    ("NO", "Europe/Oslo"),
    ("NP", "Asia/Kathmandu"),
    ("NR", "Pacific/Nauru"),
    ("NU", "Pacific/Niue"),
    ("NZ", "Pacific/Auckland Pacific/Chatham"),
    ("OM", "Asia/Muscat"),
    ("PA", "America/Panama"),
    ("PE", "America/Lima"),
    ("PF", "Pacific/Tahiti Pacific/Marquesas Pacific/Gambier"),
    ("PG", "Pacific/Port_Moresby Pacific/Bougainville"),
    ("PH", "Asia/Manila"),
    ("PK", "Asia/Karachi"),
    ("PL", "Europe/Warsaw"),
    ("PM", "America/Miquelon"),
    ("PN", "Pacific/Pitcairn"),
    ("PR", "America/Puerto_Rico"),
    ("PS", "Asia/Gaza"),
    ("PT", "Europe/Lisbon Atlantic/Azores"),
    ("PW", "Pacific/Palau"),
    ("PY", "America/Asuncion"),
    ("QA", "Asia/Qatar"),
    ("RE", "Indian/Reunion"),
    ("RO", "Europe/Bucharest"),
    ("RS", "Europe/Belgrade"),
    ("RU", "Europe/Kaliningrad Europe/Moscow Asia/Yekaterinburg Asia/Novosibirsk Asia/Vladivostok Asia/Kamchatka"),
    ("RW", "Africa/Kigali"),
    ("SA", "Asia/Riyadh"),
    ("SB", "Pacific/Guadalcanal"),
    ("SC", "Indian/Mahe"),
    ("SD", "Africa/Khartoum"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("SH", "Atlantic/St_Helena"),
    ("SI", "Europe/Ljubljana"),
    ("SJ", "Arctic/Longyearbyen"),
    ("SK", "Europe/Bratislava"),
    ("SL", "Africa/Freetown"),
    ("SM", "Europe/San_Marino"),
    ("SN", "Africa/Dakar"),
    ("SO", "Africa/Mogadishu"),
    ("SR", "America/Paramaribo"),
    ("SS", "Africa/Juba"),
    ("ST", "Africa/Sao_Tome"),
    ("SV", "America/El_Salvador"),
    ("SX", "America/Lower_Princes"),
    ("SY", "Asia/Damascus"),
    ("SZ", "Africa/Mbabane"),
    ("TA", "Atlantic/St_Helena"),
    ("TC", "America/Grand_Turk"),
    ("TD", "Africa/Ndjamena"),
    ("TF", "Indian/Kerguelen"),
    ("TG", "Africa/Lome"),
    ("TH", "Asia/Bangkok"),
    ("TJ", "Asia/Dushanbe"),
    ("TK", "Pacific/Fakaofo"),
    ("TL", "Asia/Dili"),
    ("TM", "Asia/Ashgabat"),
    ("TN", "Africa/Tunis"),
    ("TO", "Pacific/Tongatapu"),
    ("TR", "Europe/Istanbul"),
    ("TT", "America/Port_of_Spain"),
    ("TV", "Pacific/Funafuti"),
    ("TW", "Asia/Taipei"),
    ("TZ", "Africa/Dar_es_Salaam"),
    ("UA", "Europe/Kyiv"),
    ("UG", "Africa/Kampala"),
    (
        "US",
        "America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage Pacific/Honolulu",
    ),
    ("UY", "America/Montevideo"),
    ("UZ", "Asia/Samarkand"),
    ("VA", "Europe/Vatican"),
    ("VC", "America/St_Vincent"),
    ("VE", "America/Caracas"),
    ("VG", "America/Tortola"),
    ("VI", "America/St_Thomas"),
    ("VN", "Asia/Ho_Chi_Minh"),
    ("VU", "Pacific/Efate"),
    ("WF", "Pacific/Wallis"),
    ("WS", "Pacific/Apia"),
    ("XK", "Europe/Belgrade"),
    ("YE", "Asia/Aden"),
    ("YT", "Indian/Mayotte"),
    ("ZA", "Africa/Johannesburg"),
    ("ZM", "Africa/Lusaka"),
    ("ZW", "Africa/Harare"),
];

/// Area codes of the United States and Canada that lie in one zone as a whole, by zone. Those that are cut by a border of
/// zones (850 in Florida, 208 in Idaho, 250 in British Columbia …) are not here.
const AREA_CODES: &[(&str, &str)] = &[
    (
        "America/New_York",
        "203 475 860 959 202 771 302 229 404 470 478 678 706 762 770 912 943 239 305 321 324 352 386 407 561 645 656 689 \
         727 728 754 772 786 813 863 904 941 954 317 463 765 260 502 859 339 351 413 508 617 774 781 857 978 207 227 240 \
         301 410 443 667 231 248 269 313 517 586 616 679 734 810 947 989 603 201 551 609 640 732 848 856 862 908 973 212 \
         315 332 347 363 516 518 585 607 624 631 646 680 716 718 838 845 914 917 929 934 252 336 472 704 743 828 910 919 \
         980 984 216 220 234 283 326 330 380 419 436 440 513 567 614 740 937 215 223 267 272 412 445 484 570 582 610 717 \
         724 814 835 878 401 803 821 839 843 854 864 865 802 276 434 540 571 686 703 757 804 826 948 304 681",
    ),
    (
        "America/Chicago",
        "205 251 256 334 659 938 327 479 501 870 217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872 319 \
         515 563 641 712 316 913 225 318 337 504 985 218 320 507 612 651 763 924 952 228 601 662 769 235 314 417 557 573 \
         636 660 816 975 405 539 572 580 918 615 629 731 901 210 214 254 281 325 346 361 409 430 469 512 621 682 713 726 \
         737 806 817 830 832 903 936 940 945 956 972 979 262 274 353 414 534 608 715 920",
    ),
    ("America/Denver", "303 719 720 970 983 406 505 575 385 435 801 307 915"),
    ("America/Phoenix", "480 520 602 623"),
    (
        "America/Los_Angeles",
        "209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 \
         805 818 820 831 837 840 858 909 916 925 949 951 702 725 503 971 206 253 360 425 509 564",
    ),
    ("Pacific/Honolulu", "808"),
    ("America/Halifax", "902 782 506 428"),
    (
        "America/Toronto",
        "450 579 354 514 438 263 819 873 468 226 249 289 343 365 382 387 416 437 519 548 613 647 683 705 742 753 905 942",
    ),
    ("America/Winnipeg", "204 431 584"),
    ("America/Edmonton", "403 587 780 825 368"),
    ("America/Vancouver", "604"),
];

/// The zones of a country; none: it is not known.
pub fn of_country(country: &str) -> Option<&'static str> {
    COUNTRIES.binary_search_by_key(&country, |(code, _)| code).ok().map(|at| COUNTRIES[at].1)
}

/// Where a number is, as the house writes it down: a zone (`Europe/Berlin`), or a country (`AU`) whose number could be
/// anywhere in it. `None`: nobody knows.
pub fn of_number(number: &Address) -> Option<&'static str> {
    let country = number.country()?;
    if matches!(country.as_str(), "US" | "CA")
        && let Some(zone) = number.as_str().get(2..5).and_then(of_area_code)
    {
        return Some(zone);
    }
    let (code, zones) = COUNTRIES[COUNTRIES.binary_search_by_key(&country.as_str(), |(code, _)| code).ok()?];
    Some(if zones.contains(' ') { code } else { zones })
}

fn of_area_code(code: &str) -> Option<&'static str> {
    AREA_CODES.iter().find(|(_, codes)| codes.split(' ').any(|one| one == code)).map(|(zone, _)| *zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use std::collections::HashSet;

    #[test]
    fn every_zone_is_known_and_countries_stand_in_their_order() {
        assert!(COUNTRIES.len() > 240 && COUNTRIES.is_sorted_by_key(|(code, _)| code));
        let areas = AREA_CODES.iter().map(|(zone, _)| *zone);
        for zone in COUNTRIES.iter().flat_map(|(_, zones)| zones.split(' ')).chain(areas) {
            assert!(TimeZone::get(zone).is_ok(), "{zone}");
        }
    }

    #[test]
    fn an_area_code_is_three_digits_and_in_one_zone() {
        let codes: Vec<&str> = AREA_CODES.iter().flat_map(|(_, codes)| codes.split(' ')).collect();

        assert!(codes.iter().all(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit())));
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len(), "none stands twice");
    }

    #[test]
    fn a_number_says_where_it_is_as_far_as_it_can() {
        for (number, zone) in [
            ("+4915550123456", Some("Europe/Berlin")),
            ("+12125550100", Some("America/New_York")),
            ("+13035550100", Some("America/Denver")),
            ("+14165550123", Some("America/Toronto")),
            ("+16045550123", Some("America/Vancouver")),
            ("+18505550123", Some("US")),
            ("+61412345678", Some("AU")),
            ("+18765550123", Some("America/Jamaica")),
            ("+447400123456", Some("Europe/London")),
            ("70123", None),
            ("wa:DE.1349", None),
        ] {
            let number = Address::parse(number).expect("an address");
            assert_eq!(of_number(&number), zone, "{}", number.as_str());
        }
    }
}
