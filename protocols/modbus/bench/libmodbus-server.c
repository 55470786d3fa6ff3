/* libmodbus's own server, as its manual shows it: many connections by select, one request at a time. Prints its port. */
#include <arpa/inet.h>
#include <modbus.h>
#include <stdio.h>
#include <sys/select.h>
#include <unistd.h>

int main(void) {
  modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
  modbus_mapping_t *mapping = modbus_mapping_new(0, 0, 200, 0);
  if (context == NULL || mapping == NULL) return 1;
  int listener = modbus_tcp_listen(context, 16);
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  fd_set open;
  FD_ZERO(&open);
  FD_SET(listener, &open);
  int highest = listener;
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    fd_set ready = open;
    if (select(highest + 1, &ready, NULL, NULL, NULL) < 0) return 1;
    for (int fd = 0; fd <= highest; fd++) {
      if (!FD_ISSET(fd, &ready)) continue;
      if (fd == listener) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        FD_SET(client, &open);
        if (client > highest) highest = client;
        continue;
      }
      modbus_set_socket(context, fd);
      int length = modbus_receive(context, query);
      if (length > 0) modbus_reply(context, query, length, mapping);
      else if (length < 0) {
        close(fd);
        FD_CLR(fd, &open);
      }
    }
  }
}
