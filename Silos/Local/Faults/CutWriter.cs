using System.IO.Pipelines;

namespace OrleansDDM.Silos.Local.Faults;

/// <summary>Holds back what goes out while the silo is cut off.</summary>
internal sealed class CutWriter(PipeWriter inner, FaultSwitch faults, CancellationToken closed) : PipeWriter
{
    private CancellationTokenSource _pending = CancellationTokenSource.CreateLinkedTokenSource(closed);

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override void CancelPendingFlush()
    {
        Interlocked.Exchange(ref _pending, CancellationTokenSource.CreateLinkedTokenSource(closed)).Cancel();
        inner.CancelPendingFlush();
    }

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            using var given = CancellationTokenSource.CreateLinkedTokenSource(_pending.Token, cancellationToken);
            await faults.WhenConnectedAsync(given.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new FlushResult(isCanceled: true, isCompleted: closed.IsCancellationRequested);
        }

        return await inner.FlushAsync(cancellationToken);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
}
