//! Machines that are tables.

use super::super::Hall;
use super::handle::not_started;
use super::running::{Hosting, Runnable};
use super::{Kind, Machine, MachineOptions, Rearm, Table};
use crate::error::Error;
use crate::process::machine;
use crate::process::machine::table::{self, MODULE, TableFunctions, Tabled};
use crate::value::Value;
use std::rc::Rc;

impl Runnable for Table {
    type Alphabet = Tabled;
    type Functions = TableFunctions;

    fn status(state: &Rc<str>) -> Value {
        Value::Text((**state).into())
    }
}

impl Hosting for TableFunctions {}

impl Hall {
    /// Starts a machine that is a table: states, events, guards and deeds as data, which need no code.
    ///
    /// Shape:  the language of tables is that of [`process::machine::table`](crate::process::machine::table).
    /// Errors: `invalid-declaration`, which names everything that is wrong; else as [`Hall::machine`].
    ///
    /// ```
    /// use statehall::{Hall, MachineOptions, Options, Value};
    /// let push = Value::from([("on", "cast".into()), ("is", "push".into()), ("next", "on".into())]);
    /// let off = Value::from([("rules", vec![push].into())]);
    /// let table = Value::from([("initial", "off".into()), ("states", [("off", off), ("on", [].into())].into())]);
    /// let hall = Hall::open(Options::default())?;
    /// let button = hall.table_machine(table, MachineOptions::default())?;
    /// button.cast("push".into())?;
    /// assert_eq!(&*button.state()?, "on");
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn table_machine(&self, table: impl Into<Value>, options: MachineOptions) -> Result<Machine<Table>, Error> {
        let core = self.core()?;
        let functions = TableFunctions::new(Rc::new(Table::declared(&table.into())?));
        let bounds = core.processes.bounds;
        let machine = machine::Machine::start(MODULE.into(), bounds, functions.init(), &mut Vec::new());
        self.begin(machine.map_err(not_started::<Table>)?, functions, options)
    }

    /// Goes on with a machine of a table that was kept as bytes.
    ///
    /// Shape:  the table is that of the snapshot, or one that has its state and its data.
    /// Errors: `invalid-snapshot`; else as [`Hall::table_machine`].
    pub fn restore_table_machine(
        &self,
        table: impl Into<Value>,
        snapshot: &[u8],
        rearm: Rearm,
        options: MachineOptions,
    ) -> Result<Machine<Table>, Error> {
        let table = Rc::new(Table::declared(&table.into())?);
        let (kept, functions) = table::read_snapshot(snapshot, table)?;
        self.go_on(functions, kept, rearm, options)
    }
}

impl Machine<Table> {
    /// Whether there is a rule for such an event now. One that waits for another state counts as well.
    ///
    /// Errors: as [`Machine::state`].
    pub fn can(&self, kind: Kind<Rc<str>>, content: impl Into<Value>) -> Result<bool, Error> {
        let content = content.into();
        self.read(|body| {
            let functions = body.functions.as_ref();
            functions.is_some_and(|functions| functions.can(body.machine.state(), kind, content))
        })
    }

    /// The table as text of Mermaid, a state diagram.
    ///
    /// Errors: as [`Machine::state`].
    pub fn draw(&self) -> Result<String, Error> {
        self.read(|body| body.functions.as_ref().map(|functions| functions.table().draw()).unwrap_or_default())
    }

    /// What the machine remembers.
    ///
    /// Errors: as [`Machine::state`].
    pub fn data(&self) -> Result<Value, Error> {
        self.read(|body| {
            let data = body.functions.as_ref().map(|functions| functions.data().clone());
            data.unwrap_or_default().into()
        })
    }

    /// The machine with its data as bytes: deterministic and versioned.
    ///
    /// Errors: as [`Machine::state`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let kept = self.snapshot()?;
        self.read(|body| {
            let data = body.functions.as_ref().map(|functions| functions.data().clone()).unwrap_or_default();
            table::write_snapshot(&kept, data)
        })?
    }
}
