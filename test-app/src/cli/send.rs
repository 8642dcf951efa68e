//! The options of `send`.

use clap::Args;

use super::PortChoice;

/// The options of `send`.
#[derive(Debug, Args)]
pub struct Send {
    /// Messages in words or hexadecimal bytes, as below; else, or if it is `-`, lines of standard
    /// input
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// Which port.
    #[command(flatten)]
    pub ports: PortChoice,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `--help` says beyond the options.
pub(super) const AFTER_HELP: &str = "\
Words (numbers are decimal, or hexadecimal after 0x; letters may be large or small):
  on NOTE VELOCITY, off NOTE [VELOCITY]   a note is 0 to 127, or C-1 to G9: middle C, 60, is C4
  at NOTE PRESSURE, cp PRESSURE           pressure of a key, of a channel
  cc CONTROLLER VALUE, pc PROGRAM         programs count from 0
  bend VALUE                              0 to 16383, in the middle 8192
  ch CHANNEL                              1 to 16, for what follows; else 1
  clock, start, continue, stop, sensing, reset
  mtc VALUE, spp POSITION, song SONG, tune
  syx F0 ... F7                           hexadecimal bytes
  file FILE.syx                           System Exclusive messages of a file; the name goes on to
                                          the end of the argument or line
  hex BYTES                               complete messages in hexadecimal bytes: all that follow,
                                          `cc` too
  wait TIME                               500ms, 2s
Several may stand in an argument or line; # begins a comment. Nothing is sent before all has been
understood; standard input that is a console is sent line by line.

Exit codes: 0 sent; 2 what is no message, with its place; 3 the port fails or is in use; 4 no such
port, or several that match";
