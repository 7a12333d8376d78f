using System.IO.Pipelines;

namespace OrleansDDM.Silos.Local.Faults;

/// <summary>Holds back what came in while the silo is cut off.</summary>
internal sealed class CutReader(PipeReader inner, FaultSwitch faults, CancellationToken closed) : PipeReader
{
    private CancellationTokenSource _pending = CancellationTokenSource.CreateLinkedTokenSource(closed);

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead()
    {
        Interlocked.Exchange(ref _pending, CancellationTokenSource.CreateLinkedTokenSource(closed)).Cancel();
        inner.CancelPendingRead();
    }

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        CancellationToken pending = _pending.Token;
        ReadResult result = await inner.ReadAsync(cancellationToken);
        try
        {
            using var given = CancellationTokenSource.CreateLinkedTokenSource(pending, cancellationToken);
            await faults.WhenConnectedAsync(given.Token);
            return result;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ReadResult(result.Buffer, isCanceled: true, result.IsCompleted);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (faults.Plan.Cut)
        {
            result = default;
            return false;
        }

        return inner.TryRead(out result);
    }
}
