//! Denial: how absence is proved without giving the directory away.
//!
//! NSEC chains name their neighbours, and NSEC3 hashes of digits are guessed in minutes. So a signed
//! zone denies with compact denial (RFC 9824): an NSEC record that covers the name asked for alone,
//! signed at the moment of the question.
//!
//! That is not enough for phone numbers. A tree of single digits can be walked by asking which of ten
//! digits exists and going down: empty non-terminals tell. So below `msisdn` every undelegated digit
//! name up to 15 digits exists, and so does every name at or below `_at` and `_id`; each has no data
//! of the type asked for, whether it is held or not. Its NSEC record lists the type of associations,
//! except in the one answer that tells: to a question for the association itself, at the full name.
//! Whoever wants to know must ask for every number.
//!
//! Above the people of a domain stand the domain and `email`. Where people come and go in a store, all names
//! that a person's can be below exist, too: else the first person of a domain would be seen to come, and a
//! resolver that was told of no such domain would not ask for anybody there (RFC 8020).
//!
//! A missing name elsewhere is denied with NXNAME in the bitmap. Its response code is NOERROR for
//! those who validate, as their libraries expect of compact denial, and NXDOMAIN for those who do not
//! (no DO bit) or who set the CO bit.
