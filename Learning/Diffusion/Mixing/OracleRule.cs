namespace OrleansDDM.Learning.Diffusion;

/// <summary>Takes the expert that the caller names for each sample, e.g. the cluster of a held-out image.</summary>
internal sealed class OracleRule : IMixingRule
{
    public string Id => "oracle";

    public bool NeedsRouter => false;

    public bool PicksOne => true;

    public MixingPlan Plan(double[] weights, int count, MixingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int batch = context.SampleIds.Count;
        if (context.Labels is not { } labels || labels.Count != batch)
        {
            throw new ArgumentException($"oracle needs the expert of each of the {batch} samples as label.", nameof(context));
        }

        var plan = new MixingPlan(batch, count, new double[batch * count], new double[batch], new double[batch]);
        for (int row = 0; row < batch; row++)
        {
            int label = labels[row];
            if (label < 0 || label >= count)
            {
                throw new ArgumentException($"Label {label} of sample {context.SampleIds[row]} must be in [0, {count}).", nameof(context));
            }

            if (!(context.Alive?[label] ?? true))
            {
                throw new InvalidOperationException($"Expert {label}, the label of sample {context.SampleIds[row]}, is dead, and oracle asks no other.");
            }

            plan.Weights[(row * count) + label] = 1;
        }

        return plan;
    }
}
