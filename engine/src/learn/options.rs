//! Options: jsonb whose keys are the field's own terms, checked before anything is read.
