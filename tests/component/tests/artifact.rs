//! What the artifact promises to everybody who embeds it.

use statehall_component_tests::{Instance, at, compiled, options, types::Value};

#[test]
fn it_imports_nothing() {
    let (engine, component) = compiled(false);
    let imports: Vec<_> = component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect();
    assert!(imports.is_empty(), "a host must be able to give it nothing, but it imports {imports:?}");
}

#[test]
fn it_exports_its_interfaces_and_nothing_else() {
    let (engine, component) = compiled(false);
    let exports: Vec<_> = component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
    let expected = ["types", "state", "watchers", "contexts", "owners", "variables", "machines"]
        .map(|name| format!("statehall:hall/{name}@0.1.0"));
    assert_eq!(exports, expected);
}

#[test]
fn a_value_goes_in_and_comes_out() -> wasmtime::Result<()> {
    let mut instance = Instance::new();
    let (store, state) = (&mut instance.store, instance.kernel.statehall_hall_state());
    let hall = state.hall().call_open(&mut *store, &options(1), at(0))?.expect("a hall");
    let written = state.hall().call_put(&mut *store, hall, "a", &Value::Integer(1), 0)?.expect("a put");
    assert!(written.changed && written.revision == 1);
    assert!(matches!(state.hall().call_get(&mut *store, hall, "a")?, Ok(Some(Value::Integer(1)))));
    Ok(())
}
