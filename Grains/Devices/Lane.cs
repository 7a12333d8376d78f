namespace OrleansDDM.Grains.Devices;

/// <summary>The two queues of a slot. While both have work the slot serves them in turn, so neither starves the other.</summary>
public enum Lane
{
    /// <summary>Training slices and what belongs to them, a second or two each.</summary>
    Training,

    /// <summary>Evaluations for samplers, milliseconds each.</summary>
    Sampling,
}
