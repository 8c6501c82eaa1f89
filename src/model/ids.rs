//! Identifiers in AWS's own words. They keep what AWS sent, so an odd one is shown, not lost.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Text;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Text);

        impl $name {
            pub fn new(foreign: impl AsRef<str>) -> Self {
                Self(Text::new(foreign.as_ref()))
            }

            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            pub fn text(&self) -> &Text {
                &self.0
            }

            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(foreign: &str) -> Self {
                Self::new(foreign)
            }
        }

        impl From<String> for $name {
            fn from(foreign: String) -> Self {
                Self::new(foreign)
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}

identifier! {
    /// A twelve-digit AWS account id.
    AccountId
}
identifier! {
    /// A Region's code, such as `eu-central-1`.
    Region
}
identifier! {
    /// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
    Arn
}

impl Arn {
    fn part(&self, n: usize) -> &str {
        self.as_str().splitn(6, ':').nth(n).unwrap_or("")
    }

    pub fn partition(&self) -> &str {
        self.part(1)
    }

    pub fn service(&self) -> &str {
        self.part(2)
    }

    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// Empty for resources that carry no account, such as buckets.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// All after the account: `role/path/name`, `instance/i-0abc`, a bucket's name.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The last word of the resource part: a role's name, an instance's id.
    pub fn name(&self) -> &str {
        self.resource().rsplit(['/', ':']).next().unwrap_or("")
    }

    pub fn looks_valid(&self) -> bool {
        self.as_str().starts_with("arn:") && self.as_str().splitn(6, ':').count() == 6
    }
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn parts_of_an_arn() {
        let arn = Arn::new("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1f");
        assert_eq!((arn.partition(), arn.service(), arn.region(), arn.account()), ("aws", "iam", "", "111122223333"));
        assert_eq!(arn.name(), "AWSReservedSSO_Admin_1f");
        assert!(arn.looks_valid());
        assert!(!Arn::new("role/x").looks_valid());
    }
}
