namespace OrleansDDM.Learning.Training;

/// <summary>A training session that keeps something of its silo, such as the run's data, while it is open.</summary>
internal sealed class HoldingSession(ITrainingSession session, IDisposable hold) : ITrainingSession
{
    /// <inheritdoc/>
    public int Step => session.Step;

    /// <inheritdoc/>
    public int Steps => session.Steps;

    /// <inheritdoc/>
    public IReadOnlyList<MetricRow> History => session.History;

    /// <inheritdoc/>
    public SliceReport Train(TimeSpan budget, CancellationToken cancellation) => session.Train(budget, cancellation);

    /// <inheritdoc/>
    public byte[] SaveCheckpoint() => session.SaveCheckpoint();

    /// <inheritdoc/>
    public byte[] SaveWeights() => session.SaveWeights();

    /// <inheritdoc/>
    public void Dispose()
    {
        session.Dispose();
        hold.Dispose();
    }
}
