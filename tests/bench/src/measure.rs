//! How things are measured.
//!
//! A subject gives samples; a sample is the mean of many operations, long enough for the clock to be exact and short
//! enough to fit between two interruptions. The subjects take turns for many rounds: the first rounds warm up and are
//! thrown away, the others give a median and a minimum.

use crate::report::Row;
use std::error::Error;
use std::time::Instant;

const ROUNDS_WARM: usize = 5;
const ROUNDS: usize = 60;

/// Gives one sample.
type Sample = Box<dyn FnMut() -> f64>;

/// Something to be measured.
pub struct Subject {
    subject: &'static str,
    pub case: String,
    unit: &'static str,
    target: Option<f64>,
    rounds: usize,
    begin: Box<dyn FnOnce() -> Result<Sample, Box<dyn Error>>>,
}

/// What a subject has given.
pub struct Measured {
    subject: &'static str,
    pub case: String,
    unit: &'static str,
    target: Option<f64>,
    /// One sample a round.
    samples: Vec<f64>,
}

impl Subject {
    /// Measures one of many operations, in nanoseconds. `begin` makes what they work on.
    pub fn operation<O: FnMut() + 'static, E: Into<Box<dyn Error>> + 'static>(
        subject: &'static str,
        case: impl Into<String>,
        operations: u32,
        begin: impl FnOnce() -> Result<O, E> + 'static,
    ) -> Self {
        let begin = move || {
            let mut operation = begin().map_err(Into::into)?;
            let sample = move || {
                let start = Instant::now();
                (0..operations).for_each(|_| operation());
                start.elapsed().as_nanos() as f64 / f64::from(operations)
            };
            Ok(Box::new(sample) as Sample)
        };
        Self { subject, case: case.into(), unit: "ns", target: None, rounds: ROUNDS, begin: Box::new(begin) }
    }

    /// Measures what so much (`part`) of single operations take at most, each timed by itself, in nanoseconds.
    pub fn quantile<O: FnMut() + 'static, E: Into<Box<dyn Error>> + 'static>(
        subject: &'static str,
        case: impl Into<String>,
        (operations, part): (usize, f64),
        begin: impl FnOnce() -> Result<O, E> + 'static,
    ) -> Self {
        let begin = move || {
            let mut operation = begin().map_err(Into::into)?;
            let mut times = Vec::with_capacity(operations);
            let sample = move || {
                times.clear();
                times.extend((0..operations).map(|_| {
                    let start = Instant::now();
                    operation();
                    start.elapsed().as_nanos() as f64
                }));
                times.sort_by(f64::total_cmp);
                let place = (operations as f64 * part) as usize;
                times.get(place.min(operations - 1)).copied().unwrap_or(f64::NAN)
            };
            Ok(Box::new(sample) as Sample)
        };
        Self { subject, case: case.into(), unit: "ns", target: None, rounds: ROUNDS, begin: Box::new(begin) }
    }

    /// Measures one long task, in milliseconds. `begin` makes what it works on, and how that is prepared each time,
    /// which is not measured.
    pub fn task<T, U, P: FnMut() -> T + 'static, W: FnMut(T) -> U + 'static, E: Into<Box<dyn Error>> + 'static>(
        subject: &'static str,
        case: impl Into<String>,
        begin: impl FnOnce() -> Result<(P, W), E> + 'static,
    ) -> Self {
        let begin = move || {
            let (mut prepare, mut work) = begin().map_err(Into::into)?;
            let sample = move || {
                let prepared = prepare();
                let start = Instant::now();
                let result = work(prepared);
                let elapsed = start.elapsed();
                drop(result);
                elapsed.as_nanos() as f64 / 1e6
            };
            Ok(Box::new(sample) as Sample)
        };
        Self { subject, case: case.into(), unit: "ms", target: None, rounds: ROUNDS, begin: Box::new(begin) }
    }

    /// Says what the minimum should be less than.
    pub fn target(self, target: f64) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Gives so many samples, of something that takes long.
    pub fn rounds(self, rounds: usize) -> Self {
        Self { rounds, ..self }
    }
}

impl Measured {
    /// The row of the table.
    pub fn row(&self) -> Row {
        row(self.subject, &self.case, self.unit, &self.samples, self.target)
    }
}

/// Lets the subjects take turns.
pub fn measure(subjects: Vec<Subject>) -> Result<Vec<Measured>, Box<dyn Error>> {
    let begin = |subject: Subject| {
        let Subject { subject, case, unit, target, rounds, begin } = subject;
        let measured = Measured { subject, case, unit, target, samples: Vec::with_capacity(rounds) };
        begin().map(|sample| (measured, rounds, sample))
    };
    let mut turns = subjects.into_iter().map(begin).collect::<Result<Vec<_>, _>>()?;
    for round in 0..ROUNDS_WARM + ROUNDS {
        for (measured, rounds, sample) in &mut turns {
            if measured.samples.len() >= *rounds {
                continue;
            }
            let sample = sample();
            if round >= ROUNDS_WARM {
                measured.samples.push(sample);
            }
        }
    }
    Ok(turns.into_iter().map(|(measured, ..)| measured).collect())
}

/// A row that is computed from the samples of two subjects of one round.
pub fn derive(
    case: impl Into<String>,
    (a, b): (&Measured, &Measured),
    target: Option<f64>,
    compute: impl Fn(f64, f64) -> f64,
) -> Row {
    let paired: Vec<_> = a.samples.iter().zip(&b.samples).map(|(&a, &b)| compute(a, b)).collect();
    let mut row = row(a.subject, &case.into(), a.unit, &paired, target);
    // The least of the differences is where the second was disturbed; what is meant is the difference of the least.
    row.min = compute(least(&a.samples), least(&b.samples));
    row
}

fn row(subject: &'static str, case: &str, unit: &'static str, samples: &[f64], target: Option<f64>) -> Row {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    Row { subject, case: case.to_owned(), unit, median, min: least(samples), target }
}

fn least(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}
