//! Words that a report needs: a name that occurs in one of them can't be removed wherever it occurs.

use midiuart::counters::NAMES;

/// Words of the report's own, of Windows' logs about drivers, and of the schemas, in small letters. A
/// longer word stands for all its parts.
const WORDS: &str = "\
added address administrator administrators advice always another answer application architecture \
arguments arm64 associated attribute audio audioendpointbuilder audiosrv automatic available before \
between binary bitlocker boolean boot bugcheck build bytes capabilities capture catalog category \
certificate certificates changed channels character checked classes client codeintegrity collected \
command computer configuration configured conformance connected console contains content control \
controller copies copy corrupted counters crashed created current currentcontrolset currentversion \
damaged decisive decoded default default0 defaultaccount defaultuser delivered describe description \
desktop detailed device devices digest digital directory disabled display document domain done \
driver drivers32 dumps duplicated duration edition elapsed elevated enabled endpoint enterprise \
environment error event events execution expected expires explanation external failed failure false \
features files filter finished firmware first folder format found frames function generated global \
group guest hardware hidden home hosted hyper identity image index information inherited initialized \
inputs install installation installed instance integer integrity intended interface internal \
interrupt interrupts invalid kernel keyboard language latency level library license limits listed \
loaded local localhost location locked loopback machine made manager manual manufacturer mask master \
maximum media median memory messages microsoft midisrv midiuart minidump minimum missing mode \
monitor music name names network never note notes nothing number object opened operational option \
original other output outputs owner package packages parameters parity parts password people percent \
performance player policy ports power present previous problem processor processors product \
professional profile program programs protected provider public publisher python python3 quality \
query reason received recorded registered registry release reliability remarks remote removed \
reordered report required resource restart results return revision rights root runner runneradmin \
running samples schema script second section secure server service services session settings setup \
setupapi sha256 shutdown signature signed simple software source standard started state status \
stopped store stream stress string studio subject success summary support supports sysex system \
system32 target technology template terminal test tester testing tests text threshold thumbprint \
timeout timestamp titles total translated trouble troubles trusted trustedpublisher uart unknown \
update updated usage user users utility value variable vendor verdict verifier version virtual \
voices volume warning what whole window windows without workgroup works workstation written";

/// Whether a name, in small letters, is a part of a word that the report needs.
#[must_use]
pub fn has(name: &str) -> bool {
    let counters = NAMES.iter().flat_map(|name| name.split('_'));
    WORDS
        .split(' ')
        .chain(counters)
        .any(|word| word.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_their_parts_are_in_it() {
        for name in ["midi", "a", "user", "admin", "over", "runneradmin", "dev"] {
            assert!(has(name), "{name}");
        }
        for name in ["erika", "gustav", "desktop-4f7k2"] {
            assert!(!has(name), "{name}");
        }
        assert!(WORDS.split(' ').all(|word| !word.is_empty()));
        assert_eq!(WORDS, WORDS.to_lowercase());
    }
}
