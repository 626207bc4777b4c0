#include <zmq.h>
// SocketLoop waits by epoll and wakes its thread through an eventfd, which Swift's Glibc module does not declare.
#include <sys/epoll.h>
#include <sys/eventfd.h>
