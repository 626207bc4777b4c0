#include <zmq.h>
// SocketLoop wakes its thread through an eventfd, which Swift's Glibc module does not declare.
#include <sys/eventfd.h>
