//! Three agents in one program: two look at a text, a chair keeps a brief up to date.
//!
//! Run with `cargo run --example board`.

use futures::StreamExt;
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use statehall::{Error, Hall, Options, Value, WatchOptions};

const TEXT: &str = "In 1869 the railway was finished. It perhaps saved 90 days, and maybe more.";

/// Whatever is known already and whatever comes: a reader that starts late misses nothing.
fn from_the_start() -> WatchOptions {
    WatchOptions { initial: true, ..WatchOptions::default() }
}

/// Notes each figure in the text.
async fn figures(hall: Hall) -> Result<(), Error> {
    let mut texts = hall.stream("text", from_the_start())?;
    while let Some(change) = texts.next().await {
        let text = change.value.as_ref().and_then(Value::as_text).unwrap_or_default();
        // One commit: nobody sees the findings of one text mixed with those of another.
        hall.batch(|hall| {
            hall.clear("findings/figures/*")?;
            let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
            numbers
                .enumerate()
                .try_for_each(|(n, number)| hall.put(["findings", "figures", &n.to_string()], number).map(drop))
        })?;
    }
    Ok(())
}

/// Counts the words that hedge.
async fn hedges(hall: Hall) -> Result<(), Error> {
    let mut texts = hall.stream("text", from_the_start())?;
    while let Some(change) = texts.next().await {
        let text = change.value.as_ref().and_then(Value::as_text).unwrap_or_default();
        let hedging = |word: &&str| ["perhaps", "maybe", "might"].contains(word);
        let count = text.split(|c: char| !c.is_alphabetic()).filter(hedging).count();
        hall.put("findings/hedges", i64::try_from(count).unwrap_or(i64::MAX))?;
    }
    Ok(())
}

/// Rewrites the brief whenever a finding changes.
async fn chair(hall: Hall) -> Result<(), Error> {
    let mut findings = hall.stream("findings/**", from_the_start())?;
    while findings.next().await.is_some() {
        let figures = hall.to_map("findings/figures/*")?;
        let figures: Vec<_> = figures.values().filter_map(Value::as_text).collect();
        let hedges = hall.get_or("findings/hedges", 0)?.as_integer().unwrap_or(0);
        hall.put("brief", format!("figures: {}; hedges: {hedges}", figures.join(", ")))?;
    }
    Ok(())
}

fn spawn(pool: &LocalPool, agent: impl Future<Output = Result<(), Error>> + 'static) {
    let work = async move { agent.await.unwrap_or_else(|error| eprintln!("{error}")) };
    pool.spawner().spawn_local(work).unwrap_or_else(|error| eprintln!("{error}"));
}

/// Runs the agents on the text and returns their brief.
pub fn run() -> Result<Value, Error> {
    let hall = Hall::open(Options { name: "board".into(), agent: "person".into(), ..Options::default() })?;
    let _log = hall.watch("**", WatchOptions::default(), |change| {
        println!("{:>8} {:<20} {:?}", change.origin, change.key.text(), change.value);
    })?;
    let agents = [hall.as_agent("figures")?, hall.as_agent("hedges")?, hall.as_agent("chair")?];
    let [first, second, third] = agents.clone();
    let mut pool = LocalPool::new();
    spawn(&pool, figures(first));
    spawn(&pool, hedges(second));
    spawn(&pool, chair(third));

    hall.put("text", TEXT)?;
    pool.run_until_stalled();
    hall.update("text", "", |text| text.as_text().unwrap_or_default().replace("perhaps ", "").into())?;
    pool.run_until_stalled();

    let brief = hall.get_or("brief", "none")?;
    // The last handle ends the session, the streams with it, and so the agents.
    agents.iter().for_each(Hall::close);
    hall.close();
    pool.run();
    Ok(brief)
}

fn main() -> Result<(), Error> {
    run().map(|brief| println!("{brief:?}"))
}
