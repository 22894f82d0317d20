//! What the columns of a table hold, by their names.

use super::entry::Field;

/// Words that name a column of email addresses.
const EMAIL: &[&str] = &["mail", "email", "emails", "courriel", "correo"];

/// Words that name a column of phone numbers; so does what ends in `phone` or `telefon`.
const PHONE: &[&str] = &[
    "phones",
    "phonenumber",
    "tel",
    "msisdn",
    "mobile",
    "cell",
    "cellular",
    "mobil",
    "handy",
    "teléfono",
    "telefono",
    "telefone",
    "téléphone",
    "móvil",
    "cellulare",
];

/// Words with which a column holds something about addresses and numbers, or numbers that are not
/// people's.
const ABOUT: &[&str] =
    &["label", "type", "typ", "display", "name", "fax", "ext", "extension", "preference", "opt"];

/// Names of columns for whose a row is, best first; those of one line stand together.
const FULL: &[&str] =
    &["name", "fullname", "displayname", "fn", "contact", "contactname", "anzeigename"];
const GIVEN: &[&str] = &["firstname", "givenname", "vorname", "prénom", "nombre"];
const MIDDLE: &[&str] = &["middlename", "additionalname"];
const FAMILY: &[&str] = &["lastname", "familyname", "surname", "nachname", "nom", "apellidos"];
const NICK: &[&str] = &["nickname", "spitzname"];
const ORGANISATION: &[&str] =
    &["organizationname", "organization1name", "organization", "organisation", "company", "firma"];

/// The columns of a table that are read.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Columns of identifiers, from 0.
    pub(super) identifiers: Vec<(usize, Field)>,
    full: Vec<usize>,
    personal: Vec<usize>,
    nick: Vec<usize>,
    organisation: Vec<usize>,
}

impl Columns {
    /// What is known of columns with these names; nothing where none holds identifiers.
    pub(super) fn of(names: impl Iterator<Item = impl AsRef<str>>) -> Option<Self> {
        let joined: Vec<(String, Option<Field>)> =
            names.map(|name| (words(name.as_ref()).concat(), field(name.as_ref()))).collect();
        let column = |known: &[&str]| {
            let place = |known| joined.iter().position(|(name, _)| name == known);
            known.iter().find_map(place)
        };
        let identifiers: Vec<(usize, Field)> = joined
            .iter()
            .enumerate()
            .filter_map(|(at, (_, field))| Some((at, (*field)?)))
            .collect();
        (!identifiers.is_empty()).then(|| Self {
            identifiers,
            full: column(FULL).into_iter().collect(),
            personal: [GIVEN, MIDDLE, FAMILY].into_iter().filter_map(column).collect(),
            nick: column(NICK).into_iter().collect(),
            organisation: column(ORGANISATION).into_iter().collect(),
        })
    }

    /// The columns that together say whose a row is, best first.
    pub(super) fn ways_to_name(&self) -> impl Iterator<Item = &[usize]> {
        [&self.full, &self.personal, &self.nick, &self.organisation].into_iter().map(Vec::as_slice)
    }

    /// The names of the columns of identifiers.
    pub(super) fn names(&self, cells: &[&[u8]]) -> Vec<String> {
        let name = |(column, _): &(usize, Field)| {
            let cell = cells.get(*column).copied().unwrap_or_default();
            super::card::shortened(String::from_utf8_lossy(cell).trim())
        };
        self.identifiers.iter().map(name).collect()
    }
}

/// The words of a column's name, in lower case.
fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// What identifiers a column holds, if any.
fn field(name: &str) -> Option<Field> {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let ends = |end: &str| words.iter().any(|word| word.ends_with(end));
    if has(ABOUT) {
        None
    } else if has(EMAIL) || words.concat().contains("emailaddress") {
        Some(Field::Email)
    } else if has(PHONE) || ends("phone") || ends("telefon") {
        Some(Field::Phone)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_their_names() {
        for (name, expected) in [
            ("E-mail 1 - Value", Some(Field::Email)),
            ("E-mail Address", Some(Field::Email)),
            ("EmailAddress", Some(Field::Email)),
            ("Primary Email", Some(Field::Email)),
            ("E-Mail-Adresse", Some(Field::Email)),
            ("E-mail 1 - Label", None),
            ("E-mail Display Name", None),
            ("Mailing Address", None),
            ("Phone 1 - Value", Some(Field::Phone)),
            ("Mobile Number", Some(Field::Phone)),
            ("Home Phone 2", Some(Field::Phone)),
            ("Telefon (privat)", Some(Field::Phone)),
            ("Mobiltelefon", Some(Field::Phone)),
            ("Phone 1 - Type", None),
            ("Phonetic First Name", None),
            ("Business Fax", None),
            ("Telex", None),
            ("", None),
        ] {
            assert_eq!(field(name), expected, "{name}");
        }
    }

    #[test]
    fn names_come_from_the_best_columns() {
        let ways = |names: &[&str]| {
            let columns = Columns::of(names.iter()).unwrap();
            columns.ways_to_name().map(<[usize]>::to_vec).collect::<Vec<_>>()
        };
        assert_eq!(
            ways(&["Email", "Last Name", "First Name", "Display Name", "Company"]),
            [vec![3], vec![2, 1], vec![], vec![4]]
        );
        assert!(Columns::of(["Name", "Town"].iter()).is_none());
    }
}
