using TorchSharp;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>Runs tensor work on a thread of its own, away from the thread pool that the silo needs.</summary>
public static class JudgeThread
{
    /// <summary>
    /// Runs <paramref name="work"/> with one native thread: figures must not depend on the number of cores, and OpenMP threads that wait
    /// for each other by spinning cost more than they bring where slots are at work.
    /// </summary>
    public static Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation = default) => Task.Factory.StartNew(
        () =>
        {
            torch.set_num_threads(1);
            return work();
        },
        cancellation,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}
