//! Panics that nobody was told to have.

use std::{cell::RefCell, mem, panic, sync::Once};

/// Begins the message of a panic that is a part of the script.
pub(crate) const AS_TOLD: &str = "as told";

thread_local! {
    static OTHERS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on panics are noted, those that the script wants without a word.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(|text| &**text));
            if !text.is_some_and(|text| text.starts_with(AS_TOLD)) {
                let note = info.to_string();
                let _ = OTHERS.try_with(|others| others.borrow_mut().push(note));
                usual(info);
            }
        }));
    });
}

/// Those of this thread since it was asked last.
pub(crate) fn others() -> Vec<String> {
    OTHERS.with(|others| mem::take(&mut *others.borrow_mut()))
}
