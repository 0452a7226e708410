/* What MPI itself takes: MPI_Allreduce in place. Arguments: pairs of length and calls; prints one line for each block of calls: length, microseconds per call. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 11 };

int main(int count, char **arguments) {
  int rank;
  MPI_Init(&count, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int i = 1; i + 1 < count; i += 2) {
    int length = atoi(arguments[i]);
    int calls = atoi(arguments[i + 1]);
    float *data = calloc(length, sizeof(float));
    for (int block = 0; block <= BLOCKS; block++) {
      MPI_Barrier(MPI_COMM_WORLD);
      double start = MPI_Wtime();
      for (int call = 0; call < calls; call++)
        MPI_Allreduce(MPI_IN_PLACE, data, length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      /* The first block warms up. */
      if (rank == 0 && block > 0) printf("%d %.3f\n", length, (MPI_Wtime() - start) / calls * 1e6);
    }
    free(data);
  }
  MPI_Finalize();
  return 0;
}
