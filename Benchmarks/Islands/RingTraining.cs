namespace OrleansDDM.Benchmarks.Islands;

/// <summary>One training of the peers of <see cref="RingProblem"/>.</summary>
/// <param name="Making">Processor seconds for making the peers with their initial models.</param>
/// <param name="Cpu">Processor seconds of the training loop alone.</param>
/// <param name="Accuracy">Mean test accuracy of the peers' models at the end.</param>
internal sealed record RingTraining(double Making, double Cpu, double Accuracy);
