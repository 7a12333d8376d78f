namespace OrleansDDM.Learning.Diffusion;

/// <summary>The noise schedules a spec can name.</summary>
public static class NoiseSchedules
{
    /// <summary>The linear path.</summary>
    public static INoiseSchedule Flow { get; } = new FlowSchedule();

    /// <summary>The variance-preserving cosine path.</summary>
    public static INoiseSchedule VpCosine { get; } = new VpCosineSchedule();

    /// <summary>The variance-exploding path of EDM.</summary>
    public static INoiseSchedule Edm { get; } = new EdmSchedule();

    /// <summary>The schedule called <paramref name="id"/>.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static INoiseSchedule Parse(string id) => id switch
    {
        "flow" => Flow,
        "vp-cosine" => VpCosine,
        "edm" => Edm,
        _ => throw new ArgumentException($"Noise schedule '{id}' does not exist; use flow, vp-cosine or edm.", nameof(id)),
    };
}
