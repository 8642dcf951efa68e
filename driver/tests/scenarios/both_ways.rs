//! Music both ways at the same time.

use crate::music::{assert_same, joined};
use crate::stage::{Client, Opens, Stage, counter, ms, wire_time};

/// Sends messages both ways at the same time, and checks every byte.
pub fn both_ways(stage: &Stage, client: Client, messages: &[Vec<u8>], what: &str) {
    let filter = stage.filter();
    let output = client.output(&filter);
    let input = client.input(&filter);
    let bytes = joined(messages);
    stage.device.far_end_send(&bytes);
    output.send_all(messages);
    stage.finish(&output);
    stage.pc.run_for(wire_time(20) + ms(20));
    assert!(stage.device.far_end_idle(), "{what}");
    assert_eq!(output.failures(), (0, None), "{what}");
    assert_same(&stage.wire(), &bytes, &format!("{what}, out"));
    assert_same(&input.take(), &bytes, &format!("{what}, in"));
    assert_eq!(counter(&filter, "overruns"), 0);
    assert_eq!(counter(&filter, "receive_overflows"), 0);
    output.close();
    input.close();
}
