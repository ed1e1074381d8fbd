"""Where systems come from: attached to, or started as native processes."""
