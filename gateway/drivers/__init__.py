"""The real world: line modules, sound cards, the SIP process, storage, clocks, the state directory."""
