namespace GpuGrad.Training.Data.Tables;

/// <summary>What a column of a table holds.</summary>
public enum ColumnType
{
    /// <summary>Numbers.</summary>
    Number,

    /// <summary>Texts, or numbers, of which each stands for a category.</summary>
    Category,

    /// <summary>True or false, yes or no, 1 or 0.</summary>
    Boolean,

    /// <summary>Dates, with or without a time.</summary>
    Date,

    /// <summary>Texts of which hardly any occurs twice.</summary>
    Text,
}

/// <summary>What is done where a value is missing.</summary>
public enum MissingStrategy
{
    /// <summary>The mean of a number or the parts of a date, the more frequent of a boolean; and one more input that says that it was missing. For a category: one of its own.</summary>
    Indicator,

    /// <summary>The mean of the training part.</summary>
    Mean,

    /// <summary>The median of the training part.</summary>
    Median,

    /// <summary>The value that occurs most often in the training part; the smallest, or first, of several.</summary>
    MostFrequent,

    /// <summary>The value that <c>fill</c> gives.</summary>
    Constant,

    /// <summary>A missing value is an error.</summary>
    Refuse,
}

/// <summary>A number made of a date.</summary>
public enum DatePart
{
    Year,

    /// <summary>1 to 12.</summary>
    Month,

    /// <summary>1 to 31.</summary>
    Day,

    /// <summary>Monday 0 to Sunday 6.</summary>
    Weekday,

    /// <summary>1 to 366.</summary>
    DayOfYear,

    /// <summary>0 to 23.</summary>
    Hour,

    /// <summary>0 to 59.</summary>
    Minute,

    /// <summary>Days, with fractions, before the latest date of the training part.</summary>
    Age,
}
