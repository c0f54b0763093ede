"""Guest kernels under QEMU, and the tests that need one run inside it: docs/guest.md.

One file a job: `guests` (which there are), `subjects` (what a guest is for: its modules, libraries, tests),
`architecture`, `kernel` (Debian's image and source), `out_of_tree` (modules that Debian switches off), `root`
(the initramfs), `boot`.
"""
