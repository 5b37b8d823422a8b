// Package offline is the air-gapped machine: the workspace with its durable
// journal, the drives that come and go and what is written to them, the checks
// before a ceremony, and the walls that the program puts around itself.
//
// Whatever says that it wrote something has waited for the medium; whatever
// fails says so and leaves what was there before. How that is done is in one
// small interface, so that a test can cut the power between any two steps.
//
// It does not know what a line of the journal means, what is in a bundle, or
// what the answers of a preflight lead to: package ceremony and the people do.
//
// # The walls
//
// [Sandbox] has the kernel refuse every socket that is not AF_UNIX, and every
// start of another program, on all threads, for good (seccomp). The card service
// stays in reach: its socket is AF_UNIX. Landlock is not used for the network,
// because it lets UDP and MPTCP through; it limits where the program can write:
// to the directories that the caller names, and to the terminal. For drives name
// the parents of mount points (/media, /run/media, /mnt), not the mount points:
// the kernel looks up the path, so that a drive mounted there later is covered,
// and one mounted anywhere else is not. Reading stays free everywhere, because
// the kernel's tables and the person's files are. A preflight tries what the
// walls forbid, and says what stands.
package offline
