//! QNAME minimisation (RFC 9156): a server is shown no more of a name than it takes to find out
//! whether it delegates.

use crate::threepid::labels::MSISDN;
use crate::wire::Name;

/// The most minimised questions on the way to one name: MAX_MINIMISE_COUNT (RFC 9156 section 2.3).
const MAX_MINIMISE_COUNT: usize = 10;
/// How many of them add one label only: MINIMISE_ONE_LAB (RFC 9156 section 2.3).
const MINIMISE_ONE_LAB: usize = 4;

/// How much of a name has been shown so far.
#[derive(Debug, Clone)]
pub(super) struct Minimiser {
    /// Labels of the name that are known to hide no further zone cut at this zone's servers.
    known: usize,
    /// Minimised questions sent.
    sent: usize,
    /// The name is asked for in full from here on.
    full: bool,
}

impl Minimiser {
    /// Nothing below `zone` has been shown.
    pub(super) fn below(zone: &Name) -> Self {
        Self { known: zone.label_count(), sent: 0, full: false }
    }

    /// A zone cut was found.
    pub(super) fn descend(&mut self, zone: &Name) {
        self.known = zone.label_count();
    }

    /// Asks for the full name from here on. After NXDOMAIN for part of it: the zone is the whole
    /// name's authority then, and only a denial of the whole name is one that a client can check.
    /// Also after nothing but errors, by servers that cannot cope.
    pub(super) fn give_up(&mut self) {
        self.full = true;
    }

    /// Whether [`Self::give_up`] was called.
    pub(super) fn gave_up(&self) -> bool {
        self.full
    }

    /// A minimised question was sent.
    pub(super) fn sent(&mut self) {
        self.sent += 1;
    }

    /// There is no cut at `name`, an ancestor of the target.
    pub(super) fn passed(&mut self, name: &Name) {
        self.known = name.label_count();
    }

    /// The name to ask for next: an ancestor of `target` or itself.
    pub(super) fn next(&self, target: &Name) -> Name {
        let total = target.label_count();
        if self.full || self.sent >= MAX_MINIMISE_COUNT {
            return target.clone();
        }
        target.suffix(next_digits(target, self.known).unwrap_or_else(|| self.next_labels(total)))
    }

    /// One label more at first; then the rest is spread over the questions that are left.
    fn next_labels(&self, total: usize) -> usize {
        let rest = total.saturating_sub(self.known);
        let step = if self.sent < MINIMISE_ONE_LAB {
            1
        } else {
            rest.div_ceil(MAX_MINIMISE_COUNT - self.sent)
        };
        (self.known + step).min(total)
    }
}

/// How many labels to show next of a phone number of which `known` are: to the first, second and
/// third digit, where countries are delegated, then to each third. Always the same places, so that
/// what was learned for one number serves its neighbours. None where it is no phone number's name,
/// or its digits have not been reached.
fn next_digits(name: &Name, known: usize) -> Option<usize> {
    let total = name.label_count();
    let label = |from_root: usize| name.labels().nth(total - from_root);
    let is_digit = |label: &[u8]| matches!(label, [b'0'..=b'9']);
    let digits = name.labels().take_while(|label| is_digit(label)).count();
    let above = total - digits;
    let is_msisdn = above > 0 && label(above)?.eq_ignore_ascii_case(MSISDN.as_bytes());
    if digits == 0 || !is_msisdn || known < above {
        return None;
    }
    let shown = known - above;
    let next = if shown < 3 { shown + 1 } else { shown / 3 * 3 + 3 };
    Some(above + next.min(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names asked for on the way to `target`, where cuts lie at `cuts`.
    fn walk(target: &str, apex: &str, cuts: &[&str]) -> Vec<String> {
        let (target, apex): (Name, Name) = (target.parse().unwrap(), apex.parse().unwrap());
        let cuts: Vec<Name> = cuts.iter().map(|cut| cut.parse().unwrap()).collect();
        let mut minimiser = Minimiser::below(&apex);
        let mut zone = apex;
        let mut asked = Vec::new();
        loop {
            let name = minimiser.next(&target);
            asked.push(name.to_string());
            let cut = cuts.iter().find(|cut| name.is_at_or_below(cut) && cut.is_below(&zone));
            if name != target {
                minimiser.sent();
            }
            match cut {
                Some(cut) => {
                    minimiser.descend(cut);
                    zone = cut.clone();
                }
                None if name == target => return asked,
                None => minimiser.passed(&name),
            }
        }
    }

    #[test]
    fn a_phone_number_goes_by_countries_then_by_three_digits() {
        let asked = walk("3.2.1.0.0.9.0.0.7.7.4.4.msisdn.x.", "x.", &["4.4.msisdn.x."]);
        assert_eq!(
            asked,
            [
                "msisdn.x.",
                "4.msisdn.x.",
                "4.4.msisdn.x.",
                "7.4.4.msisdn.x.",
                "0.0.7.7.4.4.msisdn.x.",
                "0.0.9.0.0.7.7.4.4.msisdn.x.",
                "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.x.",
            ]
        );
    }

    #[test]
    fn a_ported_number_is_asked_for_at_both_zones() {
        let number = "2.1.4.4.msisdn.x.";
        let asked = walk(number, "x.", &["4.4.msisdn.x.", number]);
        assert_eq!(asked[3..], ["1.4.4.msisdn.x.", number, number]);
    }

    #[test]
    fn an_address_goes_label_by_label() {
        let asked = walk("ab._at.example.com.email.x.", "x.", &["example.com.email.x."]);
        assert_eq!(asked[..2], ["email.x.", "com.email.x."]);
        assert_eq!(asked[2..4], ["example.com.email.x.", "_at.example.com.email.x."]);
        assert_eq!(asked.len(), 5);
    }

    #[test]
    fn a_long_name_takes_ten_steps_at_most() {
        let labels: Vec<String> = (100..150).map(|label| label.to_string()).collect();
        let asked = walk(&labels.join("."), ".", &[]);
        assert_eq!(asked.len(), MAX_MINIMISE_COUNT);
        let reverse = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";
        assert_eq!(walk(reverse, ".", &[]).len(), MAX_MINIMISE_COUNT);
    }

    #[test]
    fn digits_elsewhere_are_labels() {
        assert_eq!(walk("2.1.x.", "x.", &[]), ["1.x.", "2.1.x."]);
        assert_eq!(walk("msisdn.x.", "x.", &[]), ["msisdn.x."]);
        assert_eq!(walk("1.2.3.4.", "4.", &[]), ["3.4.", "2.3.4.", "1.2.3.4."]);
    }
}
