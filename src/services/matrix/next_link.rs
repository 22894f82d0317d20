//! `next_link`: where people are sent on to who followed the link in a mail.

use crate::codec::{Host, Url, UrlError};

use super::Refusal;

/// Where people may be sent on to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NextLinks {
    /// To any host.
    #[default]
    Anywhere,
    /// To these hosts, at any port.
    Hosts(Vec<Host>),
}

impl NextLinks {
    /// To these hosts alone: names, or addresses as URLs have them.
    ///
    /// # Errors
    /// Where one is no host.
    pub fn to<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, UrlError> {
        let host = |name: &str| match name.contains(['/', '?', '#']) {
            true => Err(UrlError::Host),
            false => format!("https://{name}").parse().map(|url: Url| url.host().clone()),
        };
        hosts.into_iter().map(host).collect::<Result<_, _>>().map(Self::Hosts)
    }

    /// A `next_link` as a client gave it: http or https, to a host that is permitted, without a user.
    ///
    /// # Errors
    /// `M_INVALID_PARAM`.
    pub(super) fn check(&self, link: String) -> Result<String, Refusal> {
        let (url, fragment) = link.split_once('#').unwrap_or((&link, ""));
        let url: Url = url.parse().map_err(|_| {
            Refusal::invalid("next_link is a URL that begins with http:// or https://")
        })?;
        if !fragment.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(Refusal::invalid("next_link has a character that is not for URLs"));
        }
        match self {
            Self::Hosts(hosts) if !hosts.contains(url.host()) => {
                Err(Refusal::invalid("this server does not send people to the host of next_link"))
            }
            _ => Ok(link),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_lead_to_the_web() {
        let links = NextLinks::Anywhere;
        for good in [
            "https://example.org/congratulations.html",
            "http://a.example:8080?b=c#/d/!e:f",
            "HTTPS://[::1]/",
        ] {
            assert_eq!(links.check(good.to_owned()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "/a",
            "//a.example",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,a",
            "https://",
            "https://a@b.example/",
            "https://a.example\\@b.example/",
            "https://a.example/\nb",
            "https://a.example/#\n",
            "https://a.example/#é",
            " https://a.example",
        ] {
            assert!(links.check(bad.to_owned()).is_err(), "{bad}");
        }
        let long = format!("https://a.example/{}", "a".repeat(4000));
        assert!(links.check(long).is_err());
    }

    #[test]
    fn links_lead_to_hosts_that_are_permitted() {
        assert!(NextLinks::to(["app.example.org/"]).is_err());
        let links = NextLinks::to(["app.example.org"]).unwrap();
        assert!(links.check("https://APP.example.org:8443/#/x".to_owned()).is_ok());
        for other in
            ["https://example.org/", "https://app.example.org.evil.example/", "http://[::1]"]
        {
            assert!(links.check(other.to_owned()).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_permitted_is_a_header(link in "(https://a.example/)?.{0,20}") {
            if let Ok(link) = NextLinks::Anywhere.check(link) {
                prop_assert!(crate::transport::http::header::HeaderValue::from_str(&link).is_ok());
            }
        }
    }
}
