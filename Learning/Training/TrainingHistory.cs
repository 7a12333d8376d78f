using System.Globalization;
using System.Text.Json;

using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// The metric rows of one model, and what of them is not a row yet: training losses become one row for each of a fixed number of windows, validation is due
/// at fixed steps. Both depend on the step alone. Part of every checkpoint.
/// </summary>
/// <param name="identity">Names run and role; a checkpoint of another identity is refused.</param>
/// <param name="steps">Steps in all.</param>
/// <param name="validations">Validations in all; the last step is validated in any case.</param>
internal sealed class TrainingHistory(string identity, int steps, int validations)
{
    private const int LossPoints = 200;

    private readonly List<MetricRow> _rows = [];
    private double _windowLoss;
    private int _windowCount;

    /// <summary>The rows, oldest first.</summary>
    public IReadOnlyList<MetricRow> Rows => _rows;

    /// <summary>Reads the bytes of a checkpoint.</summary>
    /// <param name="checkpoint">The bytes.</param>
    /// <param name="load">Takes over what is not history.</param>
    /// <exception cref="InvalidDataException">The bytes are not a checkpoint of this identity.</exception>
    public void Load(byte[] checkpoint, Action<SafetensorsFile> load)
    {
        try
        {
            SafetensorsFile file = SafetensorsReader.Read(checkpoint);
            string owner = file.Metadata.GetValueOrDefault("identity", "nothing");
            if (owner != identity)
            {
                throw new InvalidDataException($"The checkpoint belongs to '{owner}', not to '{identity}'.");
            }

            load(file);
            _windowLoss = double.Parse(file.Metadata["windowLoss"], CultureInfo.InvariantCulture);
            _windowCount = int.Parse(file.Metadata["windowCount"], CultureInfo.InvariantCulture);
            _rows.AddRange(JsonSerializer.Deserialize<List<MetricRow>>(file.Metadata["history"])!);
        }
        catch (Exception e) when (e is SafetensorsException or KeyNotFoundException or FormatException or JsonException)
        {
            throw new InvalidDataException($"{identity}: not a checkpoint: {e.Message}", e);
        }
    }

    /// <summary>The bytes of a checkpoint.</summary>
    /// <param name="format">Name of the form.</param>
    /// <param name="tensors">What is not history.</param>
    /// <param name="progress">Keys and values that tell how far it is.</param>
    public byte[] Save(string format, IEnumerable<SafetensorsEntry> tensors, params (string Key, long Value)[] progress) =>
        SafetensorsWriter.Write(tensors, new Dictionary<string, string>(progress.Select(p => KeyValuePair.Create(p.Key, p.Value.ToString(CultureInfo.InvariantCulture))))
        {
            ["format"] = format,
            ["identity"] = identity,
            ["windowLoss"] = _windowLoss.ToString("R", CultureInfo.InvariantCulture),
            ["windowCount"] = _windowCount.ToString(CultureInfo.InvariantCulture),
            ["history"] = JsonSerializer.Serialize(_rows),
        });

    /// <summary>Counts a training loss into the window.</summary>
    public void AddLoss(double loss) => (_windowLoss, _windowCount) = (_windowLoss + loss, _windowCount + 1);

    /// <summary>Closes the window if it ended between two steps. True when validation is due.</summary>
    /// <param name="before">Steps done before.</param>
    /// <param name="step">Steps done now.</param>
    public bool Advance(int before, int step)
    {
        if (Crossed(LossPoints, before, step) && _windowCount > 0)
        {
            _rows.Add(new MetricRow(step, "loss/train", _windowLoss / _windowCount));
            (_windowLoss, _windowCount) = (0, 0);
        }

        return Crossed(validations, before, step);
    }

    /// <summary>Takes down a validation.</summary>
    /// <exception cref="TrainingDivergedException">A value is not finite.</exception>
    public void AddValidation(int step, IEnumerable<(string Name, double Value)> values)
    {
        foreach ((string name, double value) in values)
        {
            _rows.Add(double.IsFinite(value)
                ? new MetricRow(step, name, value)
                : throw new TrainingDivergedException(string.Create(CultureInfo.InvariantCulture, $"{identity}: {name} is {value} at step {step}.")));
        }
    }

    private bool Crossed(int points, int before, int step) =>
        step * (long)points / steps != before * (long)points / steps || (step == steps && before < steps);
}
