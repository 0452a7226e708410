/* An Ethernet cable between two network namespaces that takes its time: delay PID PID MICROSECONDS.
 * Makes a device eth0 in each namespace and carries frames between them until its input ends, where the kernel's netem is missing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Jumbo frames: of the common ones, the processors carry too few for a network. */
enum { FRAMES = 4096, MTU = 9000, LONGEST = MTU + 18 };

struct cable {
  unsigned char data[FRAMES][LONGEST];
  int length[FRAMES];
  long long due[FRAMES];
  unsigned head, tail;
};
static struct cable cables[2];

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int device_in(const char *pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
  int space = open(path, O_RDONLY);
  if (space < 0 || setns(space, CLONE_NEWNET) < 0) { perror(path); exit(1); }
  close(space);
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  struct ifreq request = {.ifr_name = "eth0", .ifr_flags = IFF_TAP | IFF_NO_PI};
  if (device < 0 || ioctl(device, TUNSETIFF, &request) < 0) { perror("/dev/net/tun"); exit(1); }
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  request.ifr_mtu = MTU;
  if (any < 0 || ioctl(any, SIOCSIFMTU, &request) < 0) { perror("MTU"); exit(1); }
  close(any);
  return device;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  long long delay = atoll(argv[3]) * 1000;
  int devices[2] = {device_in(argv[1]), device_in(argv[2])};
  prctl(PR_SET_TIMERSLACK, 1000);
  /* A cable waits for no processor; ranks that poll would make it. Where this is refused, it does. */
  sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
  puts("ready");
  fflush(stdout);
  for (;;) {
    long long next = -1;
    for (int way = 0; way < 2; way++) {
      struct cable *cable = &cables[way];
      long long time = now();
      /* A full queue drops frames, as switches do. */
      while (cable->head - cable->tail < FRAMES) {
        unsigned slot = cable->head % FRAMES;
        int length = read(devices[way], cable->data[slot], LONGEST);
        if (length <= 0) break;
        cable->length[slot] = length;
        cable->due[slot] = time + delay;
        cable->head++;
      }
      while (cable->tail != cable->head && cable->due[cable->tail % FRAMES] <= now()) {
        unsigned slot = cable->tail++ % FRAMES;
        if (write(devices[1 - way], cable->data[slot], cable->length[slot]) < 0) continue;
      }
      if (cable->tail != cable->head) {
        long long due = cable->due[cable->tail % FRAMES];
        if (next < 0 || due < next) next = due;
      }
    }
    /* A full queue is not read from, so it is not waited for either. */
    struct pollfd waits[3] = {{.fd = 0, .events = POLLIN}};
    for (int way = 0; way < 2; way++)
      waits[1 + way] = (struct pollfd){.fd = cables[way].head - cables[way].tail < FRAMES ? devices[way] : -1, .events = POLLIN};
    long long left = next < 0 ? 1000000000 : next - now();
    if (left < 0) left = 0;
    struct timespec time = {left / 1000000000, left % 1000000000};
    ppoll(waits, 3, &time, NULL);
    char byte;
    if (waits[0].revents && read(0, &byte, 1) <= 0) return 0;
  }
}
